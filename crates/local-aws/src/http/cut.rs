//! Responses whose connection ends too early.

use axum::body::{Body, Bytes, to_bytes};
use axum::http::Response;
use axum::http::header::CONTENT_LENGTH;
use futures_util::stream;
use protector_aws_model::Cut;
use std::io;

/// The response with its whole length in the head, and a part of the body. Then the connection ends.
pub(super) async fn short(response: Response<Body>, cut: Cut) -> Response<Body> {
    let (mut head, body) = response.into_parts();
    let whole = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let sent = match cut {
        Cut::HalfOfTheBody => whole.slice(..whole.len() / 2),
        Cut::BeforeTheBody => Bytes::new(),
    };
    // Without a body there would be nothing to miss.
    head.headers.insert(CONTENT_LENGTH, whole.len().max(1).into());
    let parts = [Ok(sent), Err(io::Error::from(io::ErrorKind::ConnectionReset))];
    Response::from_parts(head, Body::from_stream(stream::iter(parts)))
}
