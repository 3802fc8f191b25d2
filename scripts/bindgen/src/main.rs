//! `wasm-bindgen --target web [--remove-name-section] --out-dir FOLDER MODULE.wasm`: a module's
//! JavaScript and its wasm, as the full command makes them.

use anyhow::bail;
use wasm_bindgen_cli_support::Bindgen;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (nameless, folder, module) = match arguments[..] {
        ["--target", "web", "--out-dir", folder, module] => (false, folder, module),
        ["--target", "web", "--remove-name-section", "--out-dir", folder, module] => (true, folder, module),
        _ => bail!("usage: wasm-bindgen --target web [--remove-name-section] --out-dir FOLDER MODULE.wasm"),
    };
    Bindgen::new()
        .input_path(module)
        .web(true)?
        .remove_name_section(nameless)
        .omit_default_module_path(false)
        .typescript(true)
        .generate(folder)
}
