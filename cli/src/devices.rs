//! `fokker devices`.

use clap::Args;
use fokker::{BackendConfig, BackendName, Error};

/// List what this machine has, and what each backend name in a configuration would pick
#[derive(Args)]
pub struct Devices {}

impl Devices {
    /// Lists.
    pub fn run(self) -> Result<(), Error> {
        println!("{:<10}{:<8}device", "backend", "number");
        for backend in BackendName::ALL.into_iter().filter(|&backend| backend != BackendName::Auto) {
            let devices = backend.devices();
            if devices.is_empty() {
                let reason = match backend.is_built() {
                    true => "no device".into(),
                    false => format!("not in this build (cargo build --release --features {})", backend.name()),
                };
                println!("{:<10}{:<8}{reason}", backend.name(), "-");
            }
            for (number, device) in devices.iter().enumerate() {
                let kind = if device.is_gpu { "" } else { " (software)" };
                println!("{:<10}{number:<8}{}{kind}", backend.name(), device.name);
            }
        }
        println!();
        for name in BackendName::ALL.into_iter().filter(|name| name.is_built()) {
            let picked = match (BackendConfig { name, device: 0 }).resolve() {
                Ok(chosen) => chosen.description,
                Err(_) => "nothing: it has no device here".into(),
            };
            println!("backend.name = {:<12}picks {picked}", format!("\"{}\"", name.name()));
        }
        Ok(())
    }
}
