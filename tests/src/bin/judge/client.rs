//! The real client: a JVM that stays warm, and is asked script by script.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use sim_core::config::Release;

use super::Failure;

/// What the harness is asked.
#[derive(Clone, Debug)]
pub(crate) enum Question {
    /// A random script of its own.
    Draw {
        /// Place of the category among all.
        category: usize,
        /// The seed.
        seed: u64,
        /// The script's number in the category.
        index: u64,
    },
    /// This script.
    Run(Value),
}

/// What the harness answers.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// The script ran; both texts are as in their files.
    Ran {
        /// The script.
        script: String,
        /// What the real client did.
        transcript: String,
    },
    /// The harness cannot run the script, or the real client refuses its configuration.
    Refused(String),
}

/// A JVM with the harness.
pub(crate) struct RealClient {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// The profile that ours is compared with it under.
    pub(crate) release: Release,
}

impl RealClient {
    pub(crate) fn start(jar: &Path, release: Release) -> Result<RealClient, Failure> {
        let mut child = Command::new("java")
            .args(["-XX:+UseSerialGC", "-jar"])
            .arg(jar)
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("java (it runs the real client): {error}"))?;
        let questions = child.stdin.take().ok_or("java has no input")?;
        let answers = BufReader::new(child.stdout.take().ok_or("java has no output")?);
        Ok(RealClient { child, questions, answers, release })
    }

    /// Asks; [`RealClient::answer`] waits for the answer.
    pub(crate) fn ask(&mut self, question: &Question) -> Result<(), Failure> {
        let line = match question {
            Question::Draw { category, seed, index } => {
                json!({"draw": {"category": category, "seed": seed, "index": index}})
            }
            Question::Run(script) => json!({"run": script}),
        };
        writeln!(self.questions, "{line}")?;
        Ok(self.questions.flush()?)
    }

    pub(crate) fn answer(&mut self) -> Result<Answer, Failure> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            return Err("the harness ended; what it said is above".into());
        }
        let answer: Value = serde_json::from_str(&line)?;
        let text = |field: &str| answer[field].as_str().map(str::to_owned);
        match (text("script"), text("transcript"), text("refused")) {
            (Some(script), Some(transcript), None) => Ok(Answer::Ran { script, transcript }),
            (None, None, Some(reason)) => Ok(Answer::Refused(reason)),
            _ => Err(format!("the harness answered {line}").into()),
        }
    }

    /// What the real client does with a script.
    pub(crate) fn run(&mut self, script: &Value) -> Result<Answer, Failure> {
        self.ask(&Question::Run(script.clone()))?;
        self.answer()
    }
}

impl Drop for RealClient {
    fn drop(&mut self) {
        // Nothing is lost: an answer that nobody waits for is of no use.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
