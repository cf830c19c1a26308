//! The program itself, as it is called: errors, `lint` and `inject`, the local AWS, and the processes of the demo.

#[cfg(test)]
mod demo;
#[cfg(test)]
mod lint;
#[cfg(test)]
mod local_aws;
#[cfg(test)]
mod mistakes;
#[cfg(test)]
mod process;
#[cfg(test)]
mod routing;
#[cfg(test)]
mod simulate;
#[cfg(test)]
mod watch;
