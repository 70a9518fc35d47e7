//! A network of your own: registered, and then trained by a configuration like any other.

use fokker::burn::{self, module::Module};
use fokker::model::{BuiltNetwork, Calculus, Context, ModelError, Network, NetworkKind};
use fokker::model::{initializer::Initializer, layers::Linear, register_network};
use fokker::serde::{Deserialize, Serialize};
use fokker::{Error, RunConfig, train};

#[derive(Module, Debug)]
struct Small {
    inner: Linear,
    outer: Linear,
}

impl Network<2> for Small {
    fn forward<C: Calculus>(&self, x: C::Array<2>, noise: C::Array<1>, _: &Context) -> C::Array<2> {
        let both = C::cat(vec![x.clone(), C::reshape(noise, [C::dims(&x)[0], 1])], 1);
        self.outer.forward::<C, 2>(C::silu(self.inner.forward::<C, 2>(both)))
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(crate = "fokker::serde", deny_unknown_fields)]
struct SmallConfig {
    width: usize,
}

impl NetworkKind for SmallConfig {
    fn build(&self, initializer: &mut Initializer) -> Result<BuiltNetwork, ModelError> {
        let inner = Linear::new(3, self.width, initializer);
        let outer = Linear::new(self.width, 2, initializer);
        Ok(BuiltNetwork::vectors(Small { inner, outer }))
    }
}

register_network!(SmallConfig as "small");

fn main() -> Result<(), Error> {
    let changes =
        ["name=own_network", "network={ kind = 'small', width = 64 }", "training.steps=200"].map(String::from);
    let config = RunConfig::recipe("moons_2d", &changes)?;
    let trained = train(&config, config.run_folder().is_dir(), &())?;
    println!("{}", trained.folder.join("report.html").display());
    Ok(())
}
