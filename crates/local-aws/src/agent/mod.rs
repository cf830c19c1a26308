//! The executing part of the ECS agent: it runs the containers of every instance as processes. The model decides what
//! to start and to stop, and when.

mod environment;

pub(crate) use environment::Addresses;

use crate::live::Live;
use crate::process::{LineLog, Process, Registry, exit_code};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use protector_aws_model::{ContainerSignal, ContainerStart};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::process::Command;

/// What a shell gives for a program that it cannot start; docker gives it too.
const CANNOT_START: i32 = 127;

/// Task ARN and container name.
type Key = (String, String);

/// Runs containers.
pub(crate) struct Agent {
    live: Arc<Live>,
    registry: Arc<Registry>,
    log_lines: usize,
    running: Mutex<HashMap<Key, Running>>,
    logs: Mutex<HashMap<Key, Arc<LineLog>>>,
}

struct Running {
    pid: Pid,
    instance: String,
}

impl Agent {
    /// An agent that keeps `log_lines` lines of each container.
    pub(crate) fn new(live: Arc<Live>, log_lines: usize) -> Agent {
        Agent {
            live,
            registry: Arc::default(),
            log_lines,
            running: Mutex::default(),
            logs: Mutex::default(),
        }
    }

    /// Starts a container and reports to the world, now and at its end.
    pub(crate) fn start(self: &Arc<Self>, start: &ContainerStart, addresses: &Addresses) {
        let key = (start.task_arn.clone(), start.container.clone());
        let log = self.log(&key);
        match self.spawn(start, addresses, &log) {
            Ok(process) => {
                let running = Running {
                    pid: process.pid(),
                    instance: start.instance.clone(),
                };
                lock(&self.running).insert(key.clone(), running);
                self.live
                    .with(|world, now| world.container_started(now, &key.0, &key.1));
                tokio::spawn(self.clone().supervise(key, process));
            }
            Err(error) => {
                log.push(format!("cannot start {:?}: {error}", start.command));
                self.live
                    .with(|world, now| world.container_exited(now, &key.0, &key.1, CANNOT_START));
            }
        }
    }

    /// Sends a signal. SIGTERM goes to process 1 of the container alone, as with docker.
    pub(crate) fn signal(&self, task_arn: &str, container: &str, signal: ContainerSignal) {
        let running = lock(&self.running);
        let Some(Running { pid, .. }) = running.get(&(task_arn.to_owned(), container.to_owned())) else {
            return;
        };
        // An error says that it has just ended, which is reported elsewhere.
        let _ = match signal {
            ContainerSignal::Terminate => kill(*pid, Signal::SIGTERM),
            ContainerSignal::Kill => killpg(*pid, Signal::SIGKILL),
        };
    }

    /// The power goes off: every container of the instance dies at once.
    pub(crate) fn power_off(&self, instance: &str) {
        for running in lock(&self.running)
            .values()
            .filter(|running| running.instance == instance)
        {
            let _ = killpg(running.pid, Signal::SIGKILL);
        }
    }

    /// The output of a container, of all its starts together.
    pub(crate) fn logs(&self, task_arn: &str, container: &str) -> Vec<String> {
        let log = lock(&self.logs)
            .get(&(task_arn.to_owned(), container.to_owned()))
            .cloned();
        log.map(|log| log.lines()).unwrap_or_default()
    }

    /// The process groups of all containers.
    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    fn log(&self, key: &Key) -> Arc<LineLog> {
        lock(&self.logs)
            .entry(key.clone())
            .or_insert_with(|| LineLog::new(self.log_lines))
            .clone()
    }

    fn spawn(
        &self,
        start: &ContainerStart,
        addresses: &Addresses,
        log: &Arc<LineLog>,
    ) -> std::io::Result<Process> {
        let (program, arguments) = start
            .command
            .split_first()
            .ok_or_else(|| std::io::Error::other("neither entryPoint nor command"))?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(environment::of(start, addresses, self.live.region()));
        Process::spawn(command, self.registry.clone(), log)
    }

    async fn supervise(self: Arc<Self>, key: Key, mut process: Process) {
        let status = process.exited().await;
        lock(&self.running).remove(&key);
        process.output_ended().await;
        let code = status.map_or(CANNOT_START, exit_code);
        self.live
            .with(|world, now| world.container_exited(now, &key.0, &key.1, code));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
