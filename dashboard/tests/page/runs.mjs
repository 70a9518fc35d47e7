// Runs as fokker writes them, without training: for the page's test.
import fs from "node:fs";
import path from "node:path";
import zlib from "node:zlib";

let seed = 1;
const random = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;

/** A picture of dots. */
export function png(width, height, step) {
  const raw = Buffer.alloc((width + 1) * height, 0);
  for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) raw[y * (width + 1) + 1 + x] = (x * y * (1 + step) + 37 * x) & 255;
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE(zlib.crc32(body), body.length + 4);
    return out;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 0, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    chunk("IDAT", zlib.deflateSync(raw)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

export function line(step, scale) {
  const noise = Math.exp(0.15 * (random() - 0.5));
  const values = {
    step,
    epoch: step / 128,
    loss: (scale * noise) / (1 + step / 300) + 0.2 * scale,
    gradient_norm: (noise * noise) / (1 + step / 1000),
    learning_rate: 2e-3 * Math.min(1, step / 100) * (0.5 + 0.5 * Math.cos((Math.PI * step) / 9000)),
    examples_per_second: 29891.624878136165 * noise,
    seconds: 0.017 * step,
    skipped: 0,
    memory: 4.1e8 + 1e5 * random(),
  };
  if (step % 500 === 0) {
    values.validation_loss = scale / (1 + step / 300) + 0.21 * scale;
    values.noise_levels = Array.from({ length: 16 }, (_, k) => {
      const log_snr = -8 + k;
      return { log_snr, loss: scale * (0.1 + 0.9 / (1 + Math.exp(-log_snr / 2))) * (1 + 2 / (1 + step / 300)), loss_error: 0.05 * scale };
    });
    values.residuals = [0.01, 0.1, 0.5, 1].map((t) => ({
      t,
      r_dsm: 0.4 / t,
      r_fp: 0.01 / (t * t),
      r_fp_error: 0.001 / (t * t),
      r_fp_uniform: 0.02 / t,
      r_fp_uniform_error: 0.002 / t,
      curl: 0.01,
    }));
  }
  return `${JSON.stringify(values)}\n`;
}

export function make(root, name, { steps = 8000, every = 10, scale = 1, until = steps, rate = "0.002", evaluated = false } = {}) {
  const folder = path.join(root, name);
  fs.mkdirSync(path.join(folder, "samples"), { recursive: true });
  fs.mkdirSync(path.join(folder, "checkpoints"), { recursive: true });
  fs.writeFileSync(
    path.join(folder, "config.toml"),
    `name = "${name}"\nruns = "runs"\nseed = 0\n\n[backend]\nname = "flex"\n\n[data]\nkind = "moons"\n\n[process]\nkind = "vp"\nbeta_min = 0.1\nbeta_max = 20.0\n\n[network]\nkind = "mlp"\nwidth = 128\nblocks = 3\n\n[objective]\nweighting = { kind = "edm", sigma_data = 0.8 }\n\n[training]\nsteps = ${steps}\nbatch_size = 512\nlearning_rate = ${rate}\n`,
  );
  let text = "";
  for (let step = every; step <= until; step += every) text += line(step, scale);
  fs.writeFileSync(path.join(folder, "metrics.jsonl"), text);
  for (let step = 2000; step <= until; step += 2000)
    fs.writeFileSync(path.join(folder, "samples", `step-${String(step).padStart(8, "0")}.png`), png(112, 112, step));
  fs.writeFileSync(path.join(folder, "samples", "dpm 20 größe.png"), png(640, 400, 3));
  fs.writeFileSync(
    path.join(folder, "sessions.jsonl"),
    `${JSON.stringify({ event: "start", time: "2026-11-28T01:00:00Z", step: 0, device: "flex, 2 threads", version: "0.1.0" })}\n`,
  );
  if (evaluated) {
    const estimate = (value, standard_error) => ({ value, standard_error });
    fs.writeFileSync(
      path.join(folder, "evaluation.json"),
      JSON.stringify({
        samples: name,
        evaluation: {
          measured: [
            {
              name: "sliced_wasserstein",
              metric: "sliced_wasserstein",
              value: estimate(0.0231 * scale, 0.0021),
              samples: 2000,
              reference: 2000,
              floor: estimate(0.011, 0.0014),
            },
            {
              name: "precision",
              metric: "precision_recall",
              value: estimate(0.91, 0.012),
              samples: 2000,
              reference: 2000,
              floor: estimate(0.93, 0.01),
            },
          ],
          refused: [],
        },
      }),
    );
  }
  return folder;
}
