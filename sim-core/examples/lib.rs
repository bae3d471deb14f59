use std::sync::Arc;
use sim_core::scenario::*;
use sim_core::scenario::expect::*;
use sim_core::kernel::*;
fn main() {
    let arg = std::env::args().nth(1);
    let seeds: u64 = std::env::args().nth(2).map_or(1, |s| s.parse().unwrap());
    let mut names: Vec<_> = std::fs::read_dir("scenarios").unwrap().map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e=="toml")).collect();
    names.sort();
    let mut ok = 0; let mut bad = 0;
    for p in names {
        let name = p.file_name().unwrap().to_str().unwrap().to_string();
        if let Some(a) = &arg { if a != "all" && !name.starts_with(a.as_str()) { continue; } }
        let src = Source { name: name.clone(), bytes: std::fs::read(&p).unwrap(), properties: Default::default() };
        let base = Scenario::load(&src, &Overrides::default()).unwrap_or_else(|e| panic!("{e}"));
        let mut twins: Vec<Option<String>> = vec![None];
        twins.extend(base.scenario.twins.iter().map(|t| Some(t.name.clone())));
        for seed in 1..=seeds { for t in &twins {
            let l = Scenario::load(&src, &Overrides { twin: t.clone(), seed: Some(seed), ..Overrides::default() });
            let Ok(l) = l else { ok += 1; continue };
            let expect = l.scenario.expect.clone();
            let names = Arc::new(names_of(&l.scenario));
            let start = std::time::Instant::now();
            let seen = TraceExpectations::of(&expect);
            let run = Run::new(Arc::new(l.scenario), names, seen);
            let f = run.finish();
            let v = f.verdict();
            let r = serde_json::to_value(f.result(&v, None, None, true)).unwrap();
            let el = start.elapsed();
            let m = check(&expect, &r, f.observer.as_ref());
            if m.is_empty() { ok += 1 } else {
                bad += 1;
                println!("FAIL {name} {t:?} seed {seed} ended {} {} ({el:?})", r["virtual_ms"], r["ended_by"]);
                for m in m.iter().take(8) { println!("   {m:?}"); }
            }
            if el.as_millis() > 1500 { println!("slow {name} {t:?} {el:?} events {}", r["events"]); }
        }}
    }
    println!("{ok} ok {bad} bad");
}
