//! Responses that are not as they should be: of another date, or on a connection that ends too early.

use super::Front;
use crate::server::{Undated, hang_up, http_date};
use axum::body::{Body, Bytes, to_bytes};
use axum::http::Response;
use axum::http::header::{CONTENT_LENGTH, DATE};
use futures_util::stream;
use jiff::Timestamp;
use protector_aws_model::{Call, Cut, DateHeader};
use std::io;

impl Front {
    /// Dates a response wrongly or cuts it short, if a fault is planned for its call.
    pub(super) async fn spoil(&self, call: &Call, response: Response<Body>) -> Response<Body> {
        let (date, cut, now) = self.live.with(|world, now| {
            let faults = world.faults_mut();
            (faults.take_date(now, call), faults.take_cut(now, call), now)
        });
        let response = match date {
            None => response,
            Some(date) => dated(response, now, date),
        };
        match cut {
            None => response,
            Some(Cut::HalfOfTheBody) => short(response, |whole| whole.slice(..whole.len() / 2)).await,
            Some(Cut::BeforeTheBody) => short(response, |_| Bytes::new()).await,
            Some(Cut::BeforeTheHead) => hang_up(),
            Some(Cut::Never) => std::future::pending().await,
        }
    }
}

fn dated(mut response: Response<Body>, now: Timestamp, date: DateHeader) -> Response<Body> {
    match date {
        DateHeader::Absent => {
            response.extensions_mut().insert(Undated);
        }
        DateHeader::Ahead(by) => {
            let date = http_date(now.checked_add(by).unwrap_or(now));
            response.headers_mut().extend(date.map(|date| (DATE, date)));
        }
    }
    response
}

/// The response with its whole length in the head, and a part of the body. Then the connection ends.
async fn short(response: Response<Body>, part: impl FnOnce(&Bytes) -> Bytes) -> Response<Body> {
    let (mut head, body) = response.into_parts();
    let whole = to_bytes(body, usize::MAX).await.unwrap_or_default();
    // Without a body there would be nothing to miss.
    head.headers.insert(CONTENT_LENGTH, whole.len().max(1).into());
    let parts = [
        Ok(part(&whole)),
        Err(io::Error::from(io::ErrorKind::ConnectionReset)),
    ];
    Response::from_parts(head, Body::from_stream(stream::iter(parts)))
}
