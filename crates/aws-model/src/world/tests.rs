//! The world through its own front: calls, time, reports of containers.

mod agents;
mod drain;
mod hosts;
mod invariants;
mod lab;
mod operations;
mod percents;
mod placement;
mod reads;
mod refusals;
mod seams;
mod services;
mod walk;
