//! `fokker devices`.

use clap::Args;
use fokker::{BackendConfig, BackendName, Error};
use serde_json::json;

use super::results::print_result;

/// List what this machine has, and what each backend name in a configuration would pick
#[derive(Args)]
pub struct Devices {}

impl Devices {
    /// Lists.
    pub fn run(self) -> Result<(), Error> {
        let mut table = vec![format!("{:<10}{:<8}device", "backend", "number")];
        let mut found = Vec::new();
        for backend in BackendName::ALL.into_iter().filter(|&backend| backend != BackendName::Auto) {
            let devices = backend.devices();
            if devices.is_empty() {
                let reason = match backend.is_built() {
                    true => "no device".into(),
                    false => format!("not in this build (cargo build --release --features {})", backend.name()),
                };
                table.push(format!("{:<10}{:<8}{reason}", backend.name(), "-"));
            }
            for (number, device) in devices.iter().enumerate() {
                let kind = if device.is_gpu { "" } else { " (software)" };
                table.push(format!("{:<10}{number:<8}{}{kind}", backend.name(), device.name));
                let (name, device, is_gpu) = (backend.name(), &device.name, device.is_gpu);
                found.push(json!({ "backend": name, "number": number, "device": device, "gpu": is_gpu }));
            }
        }
        let mut picks = serde_json::Map::new();
        table.push(String::new());
        for name in BackendName::ALL.into_iter().filter(|name| name.is_built()) {
            let picked = match (BackendConfig { name, device: 0 }).resolve() {
                Ok(chosen) => chosen.description,
                Err(_) => "nothing: it has no device here".into(),
            };
            table.push(format!("backend.name = {:<12}picks {picked}", format!("\"{}\"", name.name())));
            picks.insert(name.name().into(), picked.into());
        }
        print_result(json!({ "devices": found, "picks": picks }), || table.join("\n") + "\n");
        Ok(())
    }
}
