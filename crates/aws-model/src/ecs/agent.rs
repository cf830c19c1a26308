//! The rules by which the ECS agent runs the containers of one task. Pure: a task's containers in, what to do out.
//!
//! Sources: `agent/engine/dependencygraph/graph.go`, `agent/engine/task_manager.go`, `agent/api/task/task.go` and
//! `ecs-agent/api/container/restart/` of <https://github.com/aws/amazon-ecs-agent>.

mod container;
mod order;
mod restart;

pub(crate) use container::Container;
pub(crate) use order::{Step, steps};
pub(crate) use restart::restarts;
