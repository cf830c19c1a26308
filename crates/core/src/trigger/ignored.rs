//! An event may not concern this deployment, for one of these reasons.

use crate::sentences::sentences;

sentences! {
    /// Why an event does not concern this deployment. A foreign text in it is in quotation marks, and cut.
    pub enum IgnoredEvent {
        /// A batch of SQS or SNS that is empty.
        NoRecords => "a batch without records";
        /// A batch of EventBridge Pipes that is empty.
        NoEvents => "a batch without events";
        /// Records of another service.
        ForeignRecords => "records from neither SQS nor SNS";
        /// A note for people.
        NotAnEvent => "the text is not an event";
        /// JSON of no known shape.
        UnknownShape => "unknown event: neither from EventBridge, nor from a lifecycle hook, nor a command";
        /// An event of EventBridge with this `detail-type`.
        DetailType(name: String) => "detail-type {name} is not handled";
        /// What Auto Scaling sends when a notification is set up.
        TestNotification => "a test notification of Auto Scaling";
        /// A notification with this `Event`.
        Notification(name: String) => "a notification of {name}, which no lifecycle hook sends";
        /// A message of this service.
        Message(service: String) => "a message of {service}";
        /// A lifecycle hook of this transition, such as a launch.
        Transition(name: String) => "lifecycle transition {name} does not terminate an instance";
        /// A task on Fargate.
        NoContainerInstance => "the task does not run on a container instance";
        /// An instance of ECS Anywhere, or of ECS Managed Instances.
        NotOfAGroup => "the container instance is not an EC2 instance of an Auto Scaling group";
    }
}
