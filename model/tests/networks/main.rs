//! Networks and their derivatives, against diffusers and central differences.

mod any_network;
mod blocks;
mod derivatives;
mod diffusers_unet;
mod score_net;
