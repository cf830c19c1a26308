//! Machines, and what runs on them.

use super::Draw;
use crate::judge::Expectations;
use crate::plain::{LOGS, MESH, WEB, daemon};
use crate::scenario::{Daemon, HOUR, HostSpec, MINUTE, SECOND, TaskSpec};

/// The most machines of a drawn world.
const CROWD: f64 = 40.0;

/// From so many machines on records are shared, calls are made for several together, and the pace of writes matters.
const CROWD_FROM: f64 = 5.0;

impl Draw {
    pub(super) fn hosts(&mut self) {
        let count = match self.rng.u32(0..100) {
            0..60 => 1,
            60..80 => self.rng.usize(2..5),
            // Small crowds more often: a world costs what its machines cost.
            _ => (CROWD_FROM * (CROWD / CROWD_FROM).powf(self.rng.f64())) as usize,
        };
        // Small pages show what a page is for. Several instances do not get through them in time.
        if count > 1 {
            self.scenario.aws.page = self.scenario.aws.page.max(10);
        }
        for _ in 0..count {
            let host = self.host();
            self.scenario.hosts.push(host);
        }
    }

    pub(super) fn host(&mut self) -> HostSpec {
        let tasks = (0..self.rng.usize(0..7)).map(|_| self.task()).collect();
        let services: &[usize] = match self.rng.u32(0..3) {
            0 => &[LOGS, MESH],
            _ => &[LOGS],
        };
        let daemons = services.iter().map(|service| self.daemon(*service)).collect();
        let clusters = self.scenario.clusters.iter().filter(|cluster| !cluster.deleted);
        let (clusters, groups) = (clusters.count(), self.scenario.groups.len());
        HostSpec {
            group: Some(self.rng.usize(0..groups)),
            cluster: Some(self.rng.usize(0..clusters)),
            tasks,
            daemons,
            imds_closed: self.percent(10),
            ..HostSpec::default()
        }
    }

    fn daemon(&mut self, service: usize) -> Daemon {
        let mut daemon = daemon(service);
        daemon.sidecar_stop_timeout = 70 * HOUR;
        daemon.flush = self.time(SECOND, 10 * SECOND);
        daemon.knows_registration = self.percent(70);
        // LINGER is for a daemon that is behind, and is to be longer. It counts from the end of the tasks that hold.
        let Expectations {
            linger,
            ignores_standalone,
            ignored_groups,
            ..
        } = Expectations::new(&self.scenario);
        let all_hold = !ignores_standalone && ignored_groups.is_empty();
        if all_hold && linger >= SECOND && self.strikes(10, "stopped-is-not-delivered") {
            daemon.behind = self.rng.u64(0..linger);
        }
        daemon
    }

    fn task(&mut self) -> TaskSpec {
        let stop = self.time(SECOND, MINUTE);
        let mut task = match self.rng.u32(0..100) {
            0..75 => TaskSpec {
                service: Some(WEB),
                stop,
                notified: self.percent(10).then(|| self.time(10 * SECOND, 4 * MINUTE)),
                ..TaskSpec::default()
            },
            75..95 => TaskSpec {
                service: None,
                group: Some(self.group()),
                stop,
                ends: Some(self.time(30 * SECOND, 20 * MINUTE)),
                ..TaskSpec::default()
            },
            // No one ever stops this task.
            95..97 => TaskSpec {
                service: Some(WEB),
                stop,
                stays: true,
                ..TaskSpec::default()
            },
            _ => TaskSpec::default(),
        };
        task.may_not_be_stopped = self.strikes(1, "one-refused-stop-keeps-the-others");
        task
    }

    fn group(&mut self) -> String {
        if self.strikes(2, "task-with-the-group-of-a-daemon") {
            return "service:logs".to_owned();
        }
        if self.strikes(1, "braces-in-a-task-group") {
            return "family:{{job}}".to_owned();
        }
        self.pick(&["family:job", "family:noise", "batch"]).to_owned()
    }
}
