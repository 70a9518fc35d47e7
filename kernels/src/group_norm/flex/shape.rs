//! What a group normalisation takes: sizes and numbers.

use std::ops::Range;

use burn::backend::TensorMetadata;
use burn::tensor::Tensor;

use super::blocks::{JetBlock, LANES, set_lane};
use crate::number::Number;
use crate::simd::padded;
use crate::tensors::flex::{Primitive, numbers, tensor};

/// The sizes of a group normalisation, and what it adds to the variance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::group_norm) struct Shape {
    pub(in crate::group_norm) batch: usize,
    pub(in crate::group_norm) channels: usize,
    pub(in crate::group_norm) size: [usize; 2],
    pub(in crate::group_norm) groups: usize,
    pub(in crate::group_norm) eps: f32,
    pub(in crate::group_norm) silu: bool,
}

impl Shape {
    /// # Panics
    /// If the shapes do not fit together.
    pub(in crate::group_norm) fn of(
        x: &Tensor<4>,
        shift: Option<&Tensor<2>>,
        groups: usize,
        [weight, bias]: [&Tensor<1>; 2],
        eps: f64,
        silu: bool,
    ) -> Self {
        let [batch, height, width, channels] = x.dims();
        assert!(groups > 0 && channels.is_multiple_of(groups), "{groups} groups do not divide {channels} channels");
        assert_eq!(
            [weight.dims(), bias.dims()],
            [[channels]; 2],
            "a group norm has a weight and a bias for each channel"
        );
        if let Some(shift) = shift {
            assert_eq!(shift.dims(), [batch, channels], "a group norm has a shift for each channel of each image");
        }
        Self { batch, channels, size: [height, width], groups, eps: eps as f32, silu }
    }

    pub(in crate::group_norm) fn pixels(&self) -> usize {
        self.size[0] * self.size[1]
    }

    /// Numbers of an image.
    pub(in crate::group_norm) fn image_length(&self) -> usize {
        self.channels * self.pixels()
    }

    /// Numbers in a group of an image.
    pub(in crate::group_norm) fn group_length(&self) -> usize {
        self.image_length() / self.groups
    }

    pub(in crate::group_norm) fn channels_of(&self, group: usize) -> Range<usize> {
        let channels = self.channels / self.groups;
        group * channels..(group + 1) * channels
    }

    /// Numbers as images on the device of another tensor.
    pub(in crate::group_norm) fn image<S: Number>(&self, numbers: Vec<S>, like: &Primitive) -> Primitive {
        let [height, width] = self.size;
        tensor(numbers, [self.batch, height, width, self.channels], &like.device())
    }

    /// Numbers that are remembered of an image, with `K − 1` derivatives.
    pub(in crate::group_norm) fn moments<const K: usize>(&self) -> usize {
        2 * K * self.groups
    }

    /// One number for each channel, then zeros to whole blocks.
    pub(in crate::group_norm) fn padded(&self, numbers: &[f32]) -> Vec<f32> {
        let mut numbers = numbers.to_vec();
        numbers.resize(padded(self.channels), 0.0);
        numbers
    }

    /// `value(channel, group)` of every channel, then zeros to whole blocks.
    #[inline(always)]
    pub(in crate::group_norm) fn per_channel<const K: usize>(
        &self,
        value: impl Fn(usize, usize) -> [f32; K],
    ) -> Vec<JetBlock<K>> {
        let mut values = vec![[[0.0; LANES]; K]; padded(self.channels) / LANES];
        for group in 0..self.groups {
            for channel in self.channels_of(group) {
                set_lane(&mut values[channel / LANES], channel % LANES, value(channel, group));
            }
        }
        values
    }
}

/// The numbers that a group normalisation takes: values first, then their derivatives.
pub(in crate::group_norm) struct Inputs<'a, S, const K: usize> {
    /// `[batch, height, width, channels]` each
    pub(in crate::group_norm) x: [&'a [S]; K],
    /// `[batch, channels]` each, or nothing
    pub(in crate::group_norm) shift: Option<[&'a [f32]; K]>,
    /// `[channels]`
    pub(in crate::group_norm) weight: &'a [f32],
    /// `[channels]`
    pub(in crate::group_norm) bias: &'a [f32],
}

impl<'a, S: Number, const K: usize> Inputs<'a, S, K> {
    /// From the images, the weight, the bias, and the shifts if there are any.
    pub(in crate::group_norm) fn of(tensors: &'a [Primitive]) -> Self {
        debug_assert!([K + 2, 2 * K + 2].contains(&tensors.len()), "as many derivatives of shifts as of images");
        let shift = || std::array::from_fn(|k| numbers(&tensors[K + 2 + k]));
        let shift = (tensors.len() > K + 2).then(shift);
        let x = std::array::from_fn(|k| S::of(&tensors[k]));
        Self { x, shift, weight: numbers(&tensors[K]), bias: numbers(&tensors[K + 1]) }
    }

    /// An image's shift, in whole blocks.
    pub(in crate::group_norm) fn shift_of(&self, shape: &Shape, image: usize) -> Vec<JetBlock<K>> {
        let of_channel = |shift: [&[f32]; K], channel| shift.map(|shift| shift[image * shape.channels + channel]);
        shape.per_channel(|channel, _| self.shift.map_or([0.0; K], |shift| of_channel(shift, channel)))
    }
}
