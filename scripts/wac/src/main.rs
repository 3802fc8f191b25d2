//! `wac plug SOCKET.wasm --plug PLUG.wasm -o OUTPUT.wasm`: one component of two, in which the
//! plug's exports are the socket's imports, as the full command makes it.

use anyhow::bail;
use wac_graph::{CompositionGraph, EncodeOptions, PackageId, plug, types::Package};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (socket, plugged, output) = match arguments[..] {
        ["--version"] => {
            println!("wac-cli {}", env!("CARGO_PKG_VERSION"));
            return Ok(());
        }
        ["plug", socket, "--plug", plugged, "-o", output] => (socket, plugged, output),
        _ => bail!("usage: wac plug SOCKET.wasm --plug PLUG.wasm -o OUTPUT.wasm"),
    };
    let mut graph = CompositionGraph::new();
    let socket = register(&mut graph, "socket", socket)?;
    let plugged = register(&mut graph, "plug", plugged)?;
    plug(&mut graph, vec![plugged], socket)?;
    std::fs::write(output, graph.encode(EncodeOptions::default())?)?;
    Ok(())
}

fn register(graph: &mut CompositionGraph, name: &str, path: &str) -> anyhow::Result<PackageId> {
    let package = Package::from_file(name, None, path, graph.types_mut())?;
    Ok(graph.register_package(package)?)
}
