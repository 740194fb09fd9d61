//! Names, by way of the child's name server.

use super::*;

pub(super) fn ask(name: &str) -> Vec<u8> {
    message::ask(7, name, message::A).unwrap()
}

/// Asks for the name and connects to what it gets: the answer's code, then the connection's result.
pub(super) fn reach(notes: &'static Notes, at: usize, question: &[u8], port: u16) {
    let (code, address) = call::look_up(question);
    call::note(notes, at, code);
    call::note(notes, at + 1, i64::from(u32::from(address)));
    if code == 0 {
        call::note(notes, at + 2, call::connect(address, port));
    }
}

#[test]
fn an_allowed_name_is_answered_and_reached() {
    let mut door = Door::open(ALLOWED);
    let port = door.port;
    let setup = setup_with(
        &[format!("--allow-net=api.test:{port}"), "--allow-private=api.test".to_owned()],
        hosts(&[("api.test", &["127.0.0.2"])]),
        10,
    );
    let (good, bad) = (ask("api.test"), ask("secret.evil.test"));
    let child = setup.run(|notes| {
        reach(notes, 0, &good, port);
        reach(notes, 3, &bad, port);
    });
    assert_eq!((child.note(0), child.note(2)), (0, 0));
    assert_eq!(Ipv4Addr::from(u32::try_from(child.note(1)).unwrap()), Ipv4Addr::new(198, 18, 0, 1));
    assert_eq!(child.note(3), i64::from(message::REFUSED));
    assert_eq!(door.close(), 1);
    assert_eq!(setup.denial(), ("secret.evil.test".to_owned(), DenialReason::NoRule));
}

/// What a run of `reach` noted: the answer's code, and the connection's result if there was one.
pub(super) fn reached(child: &Child, at: usize) -> (i64, Option<i64>) {
    let code = child.note(at);
    (code, (code == 0).then(|| child.note(at + 2)))
}

const REFUSED: (i64, Option<i64>) = (message::REFUSED as i64, None);

#[test]
fn patterns_and_ports_hold_for_names() {
    let (mut door, mut other) = (Door::open(ALLOWED), Door::open(ALLOWED));
    let (a, b) = (door.port, other.port);
    let names = ["a.trusted.test", "a.b.trusted.test", "trusted.test", "xtrusted.test", "p.test"];
    let list = &["127.0.0.2"][..];
    let mut flags = flags(&[
        "--allow-net=*.trusted.test",
        "--deny-net=evil.trusted.test",
        "--allow-private=*.trusted.test,p.test",
    ]);
    flags.push(format!("--allow-net=p.test:{a}"));
    let setup = setup_with(&flags, hosts(&names.map(|name| (name, list))), 100);
    let asked = [&names[..], &["evil.trusted.test", "P.TEST"]].concat();
    let asked: Vec<Vec<u8>> = asked.into_iter().map(ask).collect();
    let child = setup.run(|notes| {
        for (number, question) in asked.iter().enumerate() {
            reach(notes, 3 * number, question, a);
        }
        reach(notes, 30, &asked[4], b);
        reach(notes, 33, &asked[0], b);
    });
    let found: Vec<_> = (0..7).map(|number| reached(&child, 3 * number)).collect();
    let yes = (0, Some(0));
    assert_eq!(found, [yes, yes, REFUSED, REFUSED, yes, REFUSED, yes]);
    assert_eq!(reached(&child, 30), (0, Some(EACCES)));
    assert_eq!(reached(&child, 33), yes);
    assert_eq!((door.close(), other.close()), (4, 1));
    let list = setup.denials();
    let text: Vec<_> =
        list.iter().map(|one| (one.target.as_str(), one.reason, one.rule.as_deref())).collect();
    let target = format!("p.test:{b}");
    assert_eq!(
        text,
        [
            ("trusted.test", DenialReason::NoRule, None),
            ("xtrusted.test", DenialReason::NoRule, None),
            ("evil.trusted.test", DenialReason::DenyRule, Some("--deny-net=evil.trusted.test")),
            (target.as_str(), DenialReason::NoRule, None),
        ]
    );
    assert_eq!(list[0].allow_with.as_deref(), Some("--allow-net=trusted.test"));
    assert_eq!(list[3].allow_with, Some(format!("--allow-net=p.test:{b}")));
}

/// One name, asked for and connected to.
fn one(flags: &[&str], addresses: &[&str], port: u16) -> (Child, Setup) {
    let setup = setup_with(&super::flags(flags), hosts(&[("a.test", addresses)]), 100);
    let question = ask("a.test");
    let child = setup.run(|notes| reach(notes, 0, &question, port));
    (child, setup)
}

#[test]
fn a_name_of_a_special_address_needs_a_rule_that_says_so() {
    let mut door = Door::open(ALLOWED);
    let port = door.port;
    let (child, setup) = one(&["--allow-net=a.test"], &["127.0.0.2"], port);
    assert_eq!(reached(&child, 0), (0, Some(EACCES)));
    assert_eq!(setup.denial(), (format!("a.test:{port}"), DenialReason::SpecialAddress));
    assert_eq!(setup.denials()[0].allow_with.as_deref(), Some("--allow-private=a.test"));
    assert_eq!(door.came.load(Ordering::SeqCst), 0);
    for more in ["--allow-private=a.test", "--allow-net=127.0.0.2/31"] {
        let (child, setup) = one(&["--allow-net=a.test", more], &["127.0.0.2"], port);
        assert_eq!(reached(&child, 0), (0, Some(0)), "{more}: {:?}", setup.denials());
    }
    assert_eq!(door.close(), 2);
}

#[test]
fn a_deny_rule_holds_for_what_a_name_leads_to() {
    let (mut door, mut other) = (Door::open(ALLOWED), Door::open(Ipv4Addr::LOCALHOST));
    let flags = ["--allow-net", "--deny-net=127.0.0.2/31"];
    let (child, setup) = one(&flags, &["127.0.0.2"], door.port);
    assert_eq!(reached(&child, 0), (0, Some(EACCES)));
    assert_eq!(setup.denial(), (format!("a.test:{}", door.port), DenialReason::DenyRule));
    assert_eq!(setup.denials()[0].rule.as_deref(), Some("--deny-net=127.0.0.2/31"));
    // The address that is left is used, and the one that means "any" counts as this machine.
    let (child, _) = one(&flags, &["127.0.0.3", "127.0.0.1", "127.0.0.2"], other.port);
    assert_eq!(reached(&child, 0), (0, Some(0)));
    let flags = ["--allow-net", "--deny-net=127.0.0.1"];
    let (child, _) = one(&flags, &["0.0.0.0"], other.port);
    assert_eq!(reached(&child, 0), (0, Some(EACCES)));
    assert_eq!((door.close(), other.close()), (0, 1));
}

#[test]
fn an_address_of_a_known_name_needs_no_question() {
    let mut door = Door::open(ALLOWED);
    let port = door.port;
    let names = Resolver::system().with_local("127.0.0.2 a.test\n127.0.0.3 b.test");
    let run = |flags: &[&str]| {
        let setup = setup_with(&super::flags(flags), names.clone(), 100);
        let child = setup.run(|notes| {
            call::note(notes, 0, call::connect(ALLOWED, port));
            call::note(notes, 1, call::connect(OTHER, port));
        });
        let reasons: Vec<_> = setup.denials().iter().map(|one| one.reason).collect();
        (child.note(0), child.note(1), reasons)
    };
    let (good, bad, reasons) = run(&["--allow-net=a.test", "--allow-private=a.test"]);
    assert_eq!((good, bad, reasons), (0, EACCES, vec![DenialReason::NoRule]));
    let (good, _, reasons) = run(&["--allow-net=a.test"]);
    assert_eq!((good, reasons[0]), (EACCES, DenialReason::SpecialAddress));
    let flags = ["--allow-net=a.test", "--allow-private=a.test", "--deny-net=127.0.0.2"];
    assert_eq!((run(&flags).0, run(&flags).2[0]), (EACCES, DenialReason::DenyRule));
    assert_eq!(door.close(), 1);
}

#[test]
fn only_questions_for_allowed_names_go_upstream() {
    let server = crate::sandbox::resolve::tests::Server::start();
    let mut door = Door::open(ALLOWED);
    let port = door.port;
    let resolver = Resolver::system().with_servers(&[server.address]);
    let flags = flags(&["--allow-net=*.good.test,gone.test", "--allow-private=*.good.test"]);
    let setup = setup_with(&flags, resolver, 100);
    let mut bad: Vec<Vec<u8>> =
        ["good.test", "c2VjcmV0.evil.test", "x.good.test.evil.test", "127.0.0.2", "good"]
            .map(ask)
            .into();
    // Labels with a dot or with bytes that are no letters.
    bad.push(b"\0\x07\x01\0\0\x01\0\0\0\0\0\0\x06a.good\x04test\0\0\x01\0\x01".to_vec());
    bad.push(b"\0\x07\x01\0\0\x01\0\0\0\0\0\0\x01\xe9\x04good\x04test\0\0\x01\0\x01".to_vec());
    // Another class of the allowed name.
    bad.push(b"\0\x07\x01\0\0\x01\0\0\0\0\0\0\x01a\x04good\x04test\0\0\x01\0\x03".to_vec());
    let other = message::ask(7, "a.good.test", message::AAAA).unwrap();
    let text = message::ask(7, "a.good.test", 16).unwrap();
    let (gone, good) = (ask("gone.test"), ask("a.good.test"));
    let child = setup.run(|notes| {
        for (number, question) in bad.iter().enumerate() {
            call::note(notes, number, call::look_up(question).0);
        }
        call::note(notes, 20, call::look_up(&other).0);
        call::note(notes, 21, call::look_up(&text).0);
        call::note(notes, 22, call::look_up(&gone).0);
        reach(notes, 30, &good, port);
    });
    for number in 0..bad.len() {
        assert_eq!(child.note(number), i64::from(message::REFUSED), "{number}");
    }
    assert_eq!((child.note(20), child.note(21)), (0, 0));
    assert_eq!(child.note(22), i64::from(message::NO_SUCH_NAME));
    assert_eq!(reached(&child, 30), (0, Some(0)));
    assert_eq!(door.close(), 1);
    // One for each allowed name; the other types of records were not asked for.
    assert_eq!(server.questions.load(Ordering::SeqCst), 2);
}

#[test]
fn a_name_server_answers_what_is_sent_in_pieces_and_no_more_than_it_can_bear() {
    let setup =
        setup_with(&flags(&["--allow-net=a.test"]), hosts(&[("a.test", &["127.0.0.2"])]), 9);
    let question = ask("a.test");
    let child = setup.run(|notes| {
        let server = Ipv4Addr::new(127, 0, 0, 53);
        let fd = call::socket(libc::AF_INET, libc::SOCK_STREAM);
        call::connect_on(fd, server, 53);
        for at in 0..20 {
            call::note(notes, 0, i64::from(at) + call::ask(fd, &question).0);
        }
        // Longer than any question.
        // SAFETY: sends bytes of our own.
        unsafe { libc::send(fd, [0xFF_u8; 2000].as_ptr().cast(), 2000, libc::MSG_NOSIGNAL) };
        call::note(notes, 1, call::ask(fd, &question).0);
        call::close(fd);
        let mut opened = 0;
        let mut last = 0;
        while opened < 100 && last == 0 {
            last = call::connect_on(call::socket(libc::AF_INET, libc::SOCK_STREAM), server, 53);
            opened += 1;
        }
        call::note(notes, 2, opened);
        call::note(notes, 3, last);
    });
    assert_eq!((child.note(0), child.note(1)), (19, -1));
    // The first one may not have been put away yet.
    assert!([64, 65].contains(&child.note(2)), "{}", child.note(2));
    assert_eq!(child.note(3), -i64::from(libc::ECONNREFUSED));
}
