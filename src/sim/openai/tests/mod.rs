mod dialects;
mod faults;
mod responses;
mod rig;
mod rules;
mod scripted;
mod turns;
mod wire;
