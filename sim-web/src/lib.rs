//! The model in a browser.

use wasm_bindgen::prelude::wasm_bindgen;

/// x
#[wasm_bindgen]
pub fn run_hash(toml: &str, seed: u32) -> Result<String, String> {
    Ok(format!("{toml}{seed}"))
}
