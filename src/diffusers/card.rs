//! The card of a model, `README.md`.

use fokker_datasets::NoDataConfig;
use fokker_training::WeightSet;

use super::export::ExportRequest;
use crate::config::RunConfig;

/// What the model is, and how it is drawn from.
pub(super) fn text(config: &RunConfig, step: u64, request: &ExportRequest, scheduler: &str) -> String {
    let shape = config.data.shape().unwrap_or_default();
    let sides: Vec<String> = shape.iter().map(usize::to_string).collect();
    let weights = match request.weights {
        WeightSet::Average => "the running average of the weights",
        WeightSet::Raw => "the weights themselves, not their running average",
    };
    let classes = match config.network.num_class_embeds() {
        None => String::new(),
        Some(rows) if config.network.has_null_class() => {
            format!("| classes | {}; row {} of the class table stands for no class |\n", rows - 1, rows - 1)
        }
        Some(rows) => format!("| classes | {rows} |\n"),
    };
    let output = toml::Value::try_from(config.parameterization.output);
    let output = output.ok().and_then(|name| Some(name.as_str()?.to_string())).unwrap_or_default();
    // Weights that came without data say nothing of them.
    let data = if config.data.get::<NoDataConfig>().is_some() { "not known" } else { config.data.kind() };
    format!(
        "---\nlibrary_name: diffusers\npipeline_tag: unconditional-image-generation\ntags: [diffusers, fokker]\n---\n\n\
         # {name}\n\n\
         A score-based diffusion model, trained with fokker.\n\n\
         | | |\n|---|---|\n\
         | data | {data}, {sides} (channels, height, width), in [-1, 1] |\n\
         | process | {process} |\n\
         | output | {output} |\n\
         {classes}\
         | training | {step} steps of {batch} examples; {weights} |\n\
         | scheduler | {scheduler} |\n\n\
         ```python\n{code}```\n",
        name = config.name,
        sides = sides.join("×"),
        process = config.process.kind(),
        batch = config.training.batch_size,
        code = code(config, scheduler),
    )
}

/// How the model is drawn from. The pipeline neither scales its first state nor passes classes.
fn code(config: &RunConfig, scheduler: &str) -> String {
    let classes = config.network.num_class_embeds().is_some();
    if !classes && !scheduler.starts_with("EDM") {
        return "from diffusers import DDPMPipeline\n\npipeline = DDPMPipeline.from_pretrained(\".\")\n\
                pipeline(num_inference_steps=100).images[0].save(\"sample.png\")\n"
            .into();
    }
    let (labels, argument) = match classes {
        true => ("classes = torch.tensor([0])\n", ", classes"),
        false => ("", ""),
    };
    format!(
        "import torch\nfrom diffusers import DDPMPipeline\n\n\
         pipeline = DDPMPipeline.from_pretrained(\".\")\nunet, scheduler = pipeline.unet, pipeline.scheduler\n{labels}\
         scheduler.set_timesteps(50)\n\
         size = unet.config.sample_size\nsize = size if isinstance(size, (list, tuple)) else [size, size]\n\
         x = torch.randn(1, unet.config.in_channels, *size) * scheduler.init_noise_sigma\n\
         with torch.no_grad():\n    for t in scheduler.timesteps:\n        \
         output = unet(scheduler.scale_model_input(x, t), t{argument}).sample\n        \
         x = scheduler.step(output, t, x).prev_sample\n\
         pipeline.numpy_to_pil((x / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1).numpy())[0].save(\"sample.png\")\n"
    )
}
