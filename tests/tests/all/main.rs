//! Whole-system tests: the real programs against the local AWS, over real wire protocols, with real signals.
//! Each test is named after the promise that it shows (P1 to P10, see the README).

// A test that cannot go on panics.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod bad_input;
mod beacon;
mod classic;
mod coexistence;
mod control;
mod corpus;
mod daemons;
mod deep;
mod delivery;
mod demo;
mod doctor;
mod drain;
mod events;
mod faults;
mod from_coordinator;
mod http;
mod invoke;
mod log_fields;
mod log_schema;
mod operator;
mod policies;
mod scale;
mod setup;
mod skew;
mod transcripts;
mod trouble;
mod unprotected;
