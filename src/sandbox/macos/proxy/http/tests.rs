//! Heads, read.

use super::*;

fn wanted(head: &str) -> Option<Wanted> {
    read(&format!("{}\r\n\r\n", head.replace('\n', "\r\n")))
}

#[test]
fn tunnels_and_whole_addresses_are_read() {
    let tunnel = wanted("CONNECT a.test:443 HTTP/1.1\nHost: other\nProxy-Authorization: Basic x");
    assert_eq!(
        tunnel,
        Some(Wanted {
            host: "a.test".to_owned(),
            port: 443,
            head: None,
            authorization: "Basic x".to_owned(),
        })
    );
    for (target, host, port, line, place) in [
        ("http://a.test/x?y#z", "a.test", 80, "/x?y", "a.test"),
        ("HTTP://A.test:8080", "A.test", 8080, "/", "A.test:8080"),
        ("http://[::1]:81/", "[::1]", 81, "/", "[::1]:81"),
        ("http://127.0.0.1?q", "127.0.0.1", 80, "/?q", "127.0.0.1"),
    ] {
        let head = format!(
            "GET {target} HTTP/1.1\nHost: evil.test\nProxy-Connection: keep-alive\n\
             Proxy-Authorization: Basic x\nConnection: close\nX-A:  b\t c "
        );
        let found = wanted(&head).unwrap_or_else(|| panic!("{target}"));
        assert_eq!((found.host.as_str(), found.port), (host, port), "{target}");
        assert_eq!(
            found.head.unwrap(),
            format!(
                "GET {line} HTTP/1.1\r\nhost: {place}\r\nconnection: close\r\nx-a: b\t c\r\n\r\n"
            )
        );
    }
}

#[test]
fn what_could_be_read_in_two_ways_is_refused() {
    for head in [
        "",
        "GET",
        "GET http://a.test/",
        "GET  http://a.test/ HTTP/1.1",
        "GET http://a.test/ HTTP/2",
        "GET http://a.test/ HTTP/1.1 x",
        "GET /x HTTP/1.1\nHost: a.test",
        "GET https://a.test/ HTTP/1.1",
        "GET ftp://a.test/ HTTP/1.1",
        "GET http:///x HTTP/1.1",
        "GET http://u:p@a.test/ HTTP/1.1",
        "GET http://a.test\\@b.test/ HTTP/1.1",
        "GET http://a.test:/ HTTP/1.1",
        "GET http://a.test:80x/ HTTP/1.1",
        "GET http://a.test:65536/ HTTP/1.1",
        "GET http://::1/ HTTP/1.1",
        "GET http://a.test/\u{e4} HTTP/1.1",
        "CONNECT a.test HTTP/1.1",
        "CONNECT a.test:+1 HTTP/1.1",
        "CONNECT a.test:443/x HTTP/1.1",
        "CONNECT [::1] HTTP/1.1",
        "CONNECT a.test:443 HTTP/1.1\nX",
        "CONNECT a.test:443 HTTP/1.1\nX : y",
        "CONNECT a.test:443 HTTP/1.1\n folded: y",
        "CONNECT a.test:443 HTTP/1.1\nX: a\rb",
        "CONNECT a.test:443 HTTP/1.1\nProxy-Authorization: a\nproxy-authorization: b",
    ] {
        assert_eq!(wanted(head), None, "{head:?}");
    }
    // A line that ends in its last character alone is no line of its own.
    assert_eq!(read("GET http://a.test/ HTTP/1.1\r\nA: b\nC: d\r\n\r\n"), None);
}

#[test]
fn base64_is_the_usual_one() {
    for (text, coded) in [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ] {
        assert_eq!(base64(text.as_bytes()), coded);
    }
    assert_eq!(base64(&[0xff, 0xef, 0xbe]), "/+++");
}
