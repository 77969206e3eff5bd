mod faults;
mod responses;
mod rig;
mod rules;
mod turns;
mod wire;
