//! Numbers of PyTorch and Pillow. Generator: reference/inception.py.

use serde_json::Value;

use super::*;

fn golden() -> Value {
    serde_json::from_str(include_str!("../../../reference/golden/inception.json")).unwrap()
}

/// Steele, Lea & Flood 2014.
fn splitmix(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// `uniform` of the generator.
fn uniform(name: &str, count: usize) -> impl Iterator<Item = f64> + use<> {
    let hash = |value: u64, byte: u8| (value ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3);
    let start = name.bytes().fold(0xCBF2_9CE4_8422_2325, hash);
    (0..count as u64).map(move |k| (splitmix(start.wrapping_add(k)) >> 11) as f64 / (1u64 << 53) as f64)
}

/// `tensor` of the generator.
fn tensor(name: &str, shape: &[usize]) -> Vec<f32> {
    let uniform = uniform(name, shape.iter().product());
    let fan_in = shape[1..].iter().product::<usize>() as f64;
    let number = |u: f64| match name.rsplit('.').next() {
        _ if shape.len() == 4 => (u - 0.5) * 12f64.sqrt() * (2.0 / fan_in).sqrt(),
        Some("weight") => 0.8 + 0.4 * u,
        Some("running_var") => 0.5 + u,
        _ => 0.2 * (u - 0.5),
    };
    uniform.map(|u| number(u) as f32).collect()
}

/// `picture` of the generator.
fn picture(number: u64, [channels, height, width]: [usize; 3]) -> Vec<f32> {
    let mut noise = uniform(&format!("picture{number}"), channels * height * width);
    let pixel = |plane: usize, y: usize, x: usize| {
        let phase = 0.3 * (number + 1) as f64 * x as f64 + 0.2 * (plane + 1) as f64 * y as f64 + plane as f64;
        (127.5 + 127.5 * phase.sin()).floor()
    };
    let mut pixels = Vec::new();
    for (plane, y, x) in (0..channels).flat_map(|p| (0..height).flat_map(move |y| (0..width).map(move |x| (p, y, x)))) {
        let noise = (256.0 * noise.next().unwrap()).floor();
        let is_noise = y < height / 2 && x < width / 2;
        pixels.push(if is_noise { noise } else { pixel(plane, y, x) } as f32);
    }
    pixels
}

/// The case's picture, its shape, how it is resized, and every how many numbers are listed, with them.
fn read(case: &Value) -> (Vec<f32>, [usize; 3], Resize, usize, Vec<f64>) {
    let shape: [usize; 3] = serde_json::from_value(case["shape"].clone()).unwrap();
    let values = serde_json::from_value(case["values"].clone()).unwrap();
    let resize = serde_json::from_value(case["resize"].clone()).unwrap();
    (picture(case["picture"].as_u64().unwrap(), shape), shape, resize, case["every"].as_u64().unwrap() as usize, values)
}

#[test]
fn pictures_are_resized_as_pytorch_and_pillow_do_it() {
    for case in golden()["prepared"].as_array().unwrap() {
        let (pixels, shape, resize, every, expected) = read(case);
        let found = resize.prepare(&pixels, shape);
        assert_eq!(found.len(), 3 * SIDE * SIDE);
        for (found, expected) in found.iter().step_by(every).zip(expected) {
            // Both round to single precision between rows and columns.
            assert!((f64::from(*found) - expected).abs() < 1e-6, "{shape:?}, {resize:?}: {found} {expected}");
        }
    }
}

#[test]
fn features_are_those_of_pytorch() {
    let device = Device::flex();
    let network = Network::new(&mut |name, shape| Ok(tensor(name, shape)), &device).unwrap();
    for case in golden()["features"].as_array().unwrap() {
        let (pixels, shape, resize, every, expected) = read(case);
        let data = TensorData::new(resize.prepare(&pixels, shape), [1, 3, SIDE, SIDE]);
        let found = network.forward(Tensor::from_data(data, &device)).into_data_as::<f64>();
        let found = found.as_slice::<f64>().unwrap();
        assert_eq!(found.len(), FEATURES);
        let difference = found.iter().step_by(every).zip(&expected).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
        // Up to 12.5 in size; PyTorch's are in double precision.
        assert!(difference < 1e-4, "{shape:?}: {difference}");
    }
}
