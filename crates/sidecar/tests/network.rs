//! The way to AWS: proxies, TLS, and the hints when there is no way.

use super::support::{AUTHORITY, Host, Proxy, Sidecar, Ssm, holding};

/// Roots that have signed no certificate of these tests.
const OTHER_ROOTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/roots/amazon.pem");

/// The self-check and a whole hold, with SSM at `endpoint`.
fn lives(host: &Host, settings: &[(&str, &str)]) -> Vec<String> {
    let mut sidecar = Sidecar::terminated(host, settings, |state| {
        state.ssm = holding().into();
        state.target_lifecycle_state = Some("Terminated");
    });
    assert_eq!(sidecar.held_first()["reason"], "tasks-remain");
    host.releases(&mut sidecar);
    assert!(host.calls("/v4/") > 1 && host.calls("/latest/") > 1 && host.calls("/credentials") > 1);
    sidecar.said()
}

#[test]
fn ssm_goes_through_a_tunnel_of_the_proxy_and_nothing_else_does() {
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let (host, proxy) = (Host::new(), Proxy::willing());
        let (endpoint, address) = (host.secure_address(), format!("http://{}", proxy.place));
        let settings = [
            ("AWS_ENDPOINT_URL_SSM", endpoint.as_str()),
            ("SSL_CERT_FILE", AUTHORITY),
            (name, &address),
            ("HTTP_PROXY", &address),
        ];
        lives(&host, &settings);
        let tunnel = format!("CONNECT {} HTTP/1.1\r\n", endpoint.trim_start_matches("https://"));
        // One by the self-check, one or more by the hold.
        let asked = proxy.asked();
        assert!(asked.len() >= 2, "{asked:?}");
        let all = asked.iter().all(|head| head.starts_with(&tunnel));
        assert!(all, "{name}: {asked:?}");
    }
}

#[test]
fn an_endpoint_without_tls_is_forwarded_by_the_proxy_and_nothing_else_is() {
    for name in ["HTTP_PROXY", "http_proxy"] {
        let (host, proxy) = (Host::new(), Proxy::willing());
        lives(&host, &[(name, &format!("http://{}", proxy.place))]);
        let asked = proxy.asked();
        let line = format!("POST {}/ HTTP/1.1\r\n", host.address);
        assert!(asked.len() >= 3, "{name}: {asked:?}");
        for head in asked {
            assert!(head.starts_with(&line), "{name}: {head}");
            assert!(head.to_lowercase().contains("x-amz-target: amazonssm."), "{head}");
        }
    }
}

#[test]
fn no_proxy_is_obeyed() {
    for (host_name, name, value) in [
        ("127.0.0.1", "NO_PROXY", "127.0.0.1"),
        ("127.0.0.1", "no_proxy", "example.com, 127.0.0.0/8"),
        ("localhost", "NO_PROXY", "*"),
    ] {
        let (host, proxy) = (Host::new(), Proxy::refusing(403));
        let endpoint = host.secure_address().replace("127.0.0.1", host_name);
        let address = format!("http://{}", proxy.place);
        let settings = [
            ("AWS_ENDPOINT_URL_SSM", endpoint.as_str()),
            ("SSL_CERT_FILE", AUTHORITY),
            ("HTTPS_PROXY", &address),
            (name, value),
        ];
        lives(&host, &settings);
        assert!(proxy.asked().is_empty(), "{name}={value}: {:?}", proxy.asked());
    }
}

#[test]
fn the_password_of_a_proxy_is_sent_to_it_and_never_logged() {
    let secrets = ["pa55word", "cGE1NXdvcmQ", "dXNlcjpwYTU1d29yZA"];
    let (host, willing, refusing) = (Host::new(), Proxy::willing(), Proxy::refusing(407));
    let endpoint = host.secure_address();
    let [through, refused] =
        [&willing, &refusing].map(|proxy| format!("http://user:pa55word@{}", proxy.place));
    let with = |address| {
        [
            ("AWS_ENDPOINT_URL_SSM", endpoint.as_str()),
            ("SSL_CERT_FILE", AUTHORITY),
            ("PROTECTOR_LOG", "debug"),
            ("HTTPS_PROXY", address),
        ]
    };
    let said = lives(&host, &with(&through));
    for head in willing.asked() {
        let sent = "proxy-authorization: basic dxnlcjpwytu1d29yza==";
        assert!(head.to_lowercase().contains(sent), "{head}");
    }

    let sidecar = Sidecar::start(&host, &with(&refused));
    let line = sidecar.event("self-check-failed");
    assert!(line["hint"].as_str().unwrap().starts_with("proxy:"), "{line:#}");
    let said = [said, sidecar.said()].concat().join("\n");
    assert!(said.contains(&refusing.place), "the proxy is named: {said}");
    for secret in secrets {
        assert!(!said.contains(secret), "{said}");
    }
}

/// A port of 127.0.0.1 on which nothing listens: it was ours a moment ago.
fn closed_port() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// Where SSM is, how the hint begins, and settings.
type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

#[test]
fn the_hint_of_a_self_check_names_what_was_seen() {
    let host = Host::new();
    let secure = host.secure_address();
    let silent = Host::with(Ssm::Silence);
    let (forbidding, closed) = (Proxy::refusing(403), format!("http://{}", closed_port()));
    // A label of more than 63 bytes is in no DNS: the resolver says so without asking a server.
    let unknown = format!("https://{}.invalid", "x".repeat(64));
    let refusing = format!("http://{}", forbidding.place);
    let without_tls = host.address.replace("http:", "https:");
    let trusting = ("SSL_CERT_FILE", AUTHORITY);
    let cases: [Case<'_>; 8] = [
        (&unknown, "DNS:", &[]),
        (&closed, "endpoint:", &[]),
        (&silent.address, "NAT:", &[]),
        (&secure, "certificate:", &[("SSL_CERT_FILE", OTHER_ROOTS)]),
        (&secure, "certificate:", &[]),
        (&secure, "proxy:", &[trusting, ("HTTPS_PROXY", &refusing)]),
        (&secure, "proxy:", &[trusting, ("HTTPS_PROXY", &closed)]),
        (&without_tls, "endpoint:", &[trusting]),
    ];
    let started = cases.map(|(endpoint, first, settings)| {
        let settings = [settings, &[("AWS_ENDPOINT_URL_SSM", endpoint)]].concat();
        (Sidecar::start(&host, &settings), endpoint, first)
    });
    for (sidecar, endpoint, first) in started {
        let line = sidecar.event("self-check-failed");
        assert_eq!(line["reason"], "failed", "{line:#}");
        let hint = line["hint"].as_str().unwrap();
        assert!(hint.starts_with(first), "{endpoint} {first} {hint}");
    }
}
