//! Names, by way of the child's name server.

use super::*;

fn ask(name: &str) -> Vec<u8> {
    message::ask(7, name, message::A).unwrap()
}

/// Asks for the name and connects to what it gets: the answer's code, then the connection's result.
fn reach(notes: &'static Notes, at: usize, question: &[u8], port: u16) {
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
