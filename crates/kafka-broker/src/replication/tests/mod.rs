//! Followers alone, and leaders with followers on a simulated network.

mod controller;
mod follower;
mod log;
mod simulation;
