//! The cause of a call to AWS that got no answer says what an operator should look at.
//!
//! The sidecar's connector classifies the failure by type; this module turns it into a hint and reads no error text.

/// What ended a call before AWS answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreachable {
    /// The resolver gave no address for the first host on the route.
    NotResolved,
    /// The first host on the route refused the connection, or there is no route to it.
    Refused,
    /// No connection, no handshake or no answer in time.
    TimedOut,
    /// The server's certificate is not signed by a trusted authority, or is not valid for its name.
    NotTrusted,
    /// The TLS handshake failed for another reason than trust: the server does not speak TLS, or no common version.
    TlsFailed,
    /// The proxy answered, and does not open a tunnel to the endpoint.
    ProxyRefused,
    /// The connection ended before the answer was complete.
    Cut,
}

/// How a call travels. Neither text has a user name or a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Host and port of the endpoint.
    pub endpoint: String,
    /// Host and port of the proxy, if the call goes through one.
    pub proxy: Option<String>,
}

impl Route {
    /// The host that is connected to.
    #[must_use]
    pub fn first_hop(&self) -> &str {
        self.proxy.as_deref().unwrap_or(&self.endpoint)
    }
}

/// What an operator should look at. The most likely cause comes first.
#[must_use]
pub fn hint(seen: Unreachable, route: &Route) -> String {
    let endpoint = &route.endpoint;
    match (seen, &route.proxy) {
        (Unreachable::NotResolved, None) => format!(
            "DNS: {endpoint} has no address; check the resolver of the task and enableDnsSupport of the VPC; proxy: if \
             only a proxy resolves public names, set HTTPS_PROXY; endpoint: check AWS_REGION and AWS_ENDPOINT_URL_SSM"
        ),
        (Unreachable::NotResolved, Some(proxy)) => {
            format!("DNS: the proxy {proxy} has no address; check HTTPS_PROXY and the resolver of the task")
        }
        (Unreachable::Refused, None) => format!(
            "endpoint: {endpoint} refuses connections; check AWS_ENDPOINT_URL_SSM and private DNS names; NAT: check \
             that the subnet has a route (NAT gateway or VPC endpoint)"
        ),
        (Unreachable::Refused, Some(proxy)) => format!(
            "proxy: {proxy} refuses connections; check HTTPS_PROXY, or put the host of {endpoint} into NO_PROXY if \
             there is a VPC endpoint"
        ),
        (Unreachable::TimedOut, None) => format!(
            "NAT: {endpoint} does not answer; the subnet needs a route to a NAT gateway or a VPC endpoint for ssm, whose \
             security group admits port 443; proxy: if traffic must leave through one, set HTTPS_PROXY"
        ),
        (Unreachable::TimedOut, Some(proxy)) => format!(
            "proxy: {proxy} does not answer, or does not reach {endpoint}; check HTTPS_PROXY and the security groups; \
             NAT: check the route of the proxy to AWS"
        ),
        (Unreachable::NotTrusted, _) => format!(
            "certificate: that of {endpoint} is not trusted; if a proxy inspects TLS, or the endpoint is private, mount \
             a PEM file with its authority and set SSL_CERT_FILE; endpoint: check AWS_ENDPOINT_URL_SSM"
        ),
        (Unreachable::TlsFailed, _) => format!(
            "endpoint: no TLS with {endpoint}; check that AWS_ENDPOINT_URL_SSM and HTTPS_PROXY have the right scheme and \
             port"
        ),
        (Unreachable::ProxyRefused, _) => format!(
            "proxy: {} opens no tunnel to {endpoint}; allow it there, check user name and password in HTTPS_PROXY, or \
             put the host into NO_PROXY if there is a VPC endpoint",
            route.first_hop()
        ),
        (Unreachable::Cut, None) => format!(
            "endpoint: {endpoint} closed the connection without an answer; check AWS_ENDPOINT_URL_SSM; NAT: check the \
             NAT gateway or VPC endpoint, and firewalls on the way"
        ),
        (Unreachable::Cut, Some(proxy)) => format!(
            "proxy: {proxy} closed the connection without an answer; check that HTTPS_PROXY is an HTTP proxy with the \
             right scheme; endpoint: check that {endpoint} is reachable from it"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDPOINT: &str = "ssm.eu-west-1.amazonaws.com:443";
    const PROXY: &str = "proxy.internal:3128";

    /// The failure, whether a proxy is on the route, and the causes in their order.
    const CASES: [(Unreachable, bool, &[&str]); 14] = [
        (
            Unreachable::NotResolved,
            false,
            &["DNS:", "proxy:", "HTTPS_PROXY", "endpoint:", "AWS_REGION"],
        ),
        (Unreachable::NotResolved, true, &["DNS:", PROXY, "HTTPS_PROXY"]),
        (
            Unreachable::Refused,
            false,
            &["endpoint:", "AWS_ENDPOINT_URL_SSM", "NAT:"],
        ),
        (
            Unreachable::Refused,
            true,
            &["proxy:", PROXY, "HTTPS_PROXY", "NO_PROXY"],
        ),
        (
            Unreachable::TimedOut,
            false,
            &["NAT:", "VPC endpoint", "port 443", "proxy:", "HTTPS_PROXY"],
        ),
        (Unreachable::TimedOut, true, &["proxy:", PROXY, "NAT:"]),
        (
            Unreachable::NotTrusted,
            false,
            &["certificate:", "SSL_CERT_FILE", "endpoint:"],
        ),
        (
            Unreachable::NotTrusted,
            true,
            &["certificate:", "SSL_CERT_FILE", "endpoint:"],
        ),
        (
            Unreachable::TlsFailed,
            false,
            &["endpoint:", "AWS_ENDPOINT_URL_SSM"],
        ),
        (Unreachable::TlsFailed, true, &["endpoint:", "HTTPS_PROXY"]),
        (
            Unreachable::ProxyRefused,
            true,
            &["proxy:", PROXY, "HTTPS_PROXY", "NO_PROXY", "VPC endpoint"],
        ),
        (
            Unreachable::ProxyRefused,
            false,
            &["proxy:", "HTTPS_PROXY", "NO_PROXY"],
        ),
        (Unreachable::Cut, false, &["endpoint:", "NAT:", "VPC endpoint"]),
        (Unreachable::Cut, true, &["proxy:", PROXY, "endpoint:"]),
    ];

    #[test]
    fn a_hint_names_the_likeliest_cause_first_and_the_endpoint() {
        for (seen, proxied, causes) in CASES {
            let route = Route {
                endpoint: ENDPOINT.to_owned(),
                proxy: proxied.then(|| PROXY.to_owned()),
            };
            let text = hint(seen, &route);
            let places: Vec<Option<usize>> = causes.iter().map(|cause| text.find(cause)).collect();
            assert!(
                places.iter().all(Option::is_some) && places.is_sorted(),
                "{seen:?} {causes:?}: {text}"
            );
            assert!(text.starts_with(causes[0]), "{seen:?}: {text}");
            let first_hop_failed = seen == Unreachable::NotResolved && proxied;
            assert!(first_hop_failed || text.contains(ENDPOINT), "{seen:?}: {text}");
        }
    }
}
