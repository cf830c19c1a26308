//! The facade that tests and the demo use: start and stop.

mod coordinator;
mod endpoints;
mod world;

use crate::config::{LocalAwsConfig, StartError};
use crate::hosts::Hosts;
use crate::http::{self, Front, Switches};
use crate::ids::RequestIds;
use crate::lambda::Lambda;
use crate::live::Live;
use crate::reads::Reads;
use crate::requests::Requests;
use crate::server::{Server, Serving};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// How long [`LocalAws::shutdown`] waits for killed processes.
const SHUTDOWN: Duration = Duration::from_secs(5);

/// A running local AWS; cheap to clone. When the last clone goes, every process it runs is killed.
///
/// Needs a tokio runtime with I/O and time, for as long as it lives.
#[derive(Clone)]
pub struct LocalAws(Arc<Inner>);

struct Inner {
    hosts: Arc<Hosts>,
    servers: Mutex<Vec<Server>>,
    tasks: Vec<JoinHandle<()>>,
}

impl LocalAws {
    /// Starts an empty account that listens on 127.0.0.1.
    ///
    /// # Errors
    /// The port is taken.
    pub async fn start(config: LocalAwsConfig) -> Result<LocalAws, StartError> {
        let (live, effects) = Live::new(config.world);
        let live = Arc::new(live);
        let lambda = Arc::new(Lambda::new(live.clone(), config.log_lines));
        let requests = Arc::<Requests>::default();
        let front = Arc::new(Front {
            live: live.clone(),
            reads: Arc::new(Reads::new(live.clone(), lambda.clone(), &config.rules)),
            lambda,
            switches: Arc::<Switches>::default(),
            ids: RequestIds::default(),
            serving: Serving {
                tls: None,
                one_request: !config.keep_alive,
                requests: Some(requests.clone()),
            },
            requests,
            imds: Mutex::default(),
        });
        let server = listen(config.port.unwrap_or_default(), front.clone()).await?;
        let hosts = Arc::new(Hosts::new(front, server.url(), config.rules, config.log_lines));
        let mut tasks = vec![
            tokio::spawn(async move { live.pump().await }),
            tokio::spawn(hosts.clone().run(effects)),
        ];
        tasks.extend(
            config
                .tick_every
                .map(|period| tokio::spawn(hosts.clone().tick_every(period))),
        );
        Ok(LocalAws(Arc::new(Inner {
            hosts,
            servers: Mutex::new(vec![server]),
            tasks,
        })))
    }

    /// Kills every process, waits until all are gone (5 s at most), and stops listening.
    pub async fn shutdown(&self) {
        self.0.close();
        let end = Instant::now() + SHUTDOWN;
        while !self.0.hosts.is_quiet() && Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Inner {
    fn close(&self) {
        self.hosts.close();
        self.servers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

async fn listen(port: u16, front: Arc<Front>) -> Result<Server, StartError> {
    let serving = front.serving.clone();
    let server = Server::start(port, http::router(front), serving).await;
    server.map_err(|source| StartError::Listen { port, source })
}
