//! Reading and writing messages.

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::*;

fn question(name: &str) -> Question {
    read_question(&ask(7, name, A).unwrap()).unwrap()
}

/// A question for a name given as labels.
fn labels(labels: &[&[u8]]) -> Vec<u8> {
    let mut message = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in labels {
        message.push(label.len().try_into().unwrap());
        message.extend(*label);
    }
    message.extend([0, 0, 1, 0, 1]);
    message
}

#[test]
fn a_question_is_read_and_repeated_in_its_answer() {
    let found = question("api.example.test");
    assert_eq!(found.name, Name::Host("api.example.test".to_owned()));
    assert_eq!((found.id, found.kind, found.class), (7, A, INTERNET));
    let answer = found.answer_with(Ipv4Addr::new(198, 18, 0, 1), 30);
    let asked = ask(7, "api.example.test", A).unwrap();
    let reply = read_reply(&answer, &asked).unwrap();
    assert_eq!(reply.addresses, [IpAddr::from([198, 18, 0, 1])]);
    assert_eq!((reply.code, reply.seconds, reply.truncated), (NO_ERROR, 30, false));
    let refused = read_reply(&found.answer(REFUSED), &asked).unwrap();
    assert_eq!((refused.code, refused.addresses.len()), (REFUSED, 0));
}

#[test]
fn names_are_lower_case_and_odd_ones_are_marked() {
    let name = |parts: &[&[u8]]| read_question(&labels(parts)).unwrap().name;
    assert_eq!(name(&[b"API", b"Test"]), Name::Host("api.test".to_owned()));
    assert_eq!(name(&[b"_x-1", b"test"]), Name::Host("_x-1.test".to_owned()));
    // A dot or a byte that is no letter must not make another name.
    assert_eq!(name(&[b"a.b", b"test"]), Name::Odd("a\\046b.test".to_owned()));
    assert_eq!(name(&[b"\xe9", b"test"]), Name::Odd("\\233.test".to_owned()));
    assert_eq!(name(&[b"a\0", b"test"]), Name::Odd("a\\000.test".to_owned()));
    assert_eq!(name(&[]), Name::Odd(String::new()));
}

#[test]
fn what_is_no_single_plain_question_gets_an_error() {
    let code = |message: &[u8]| match read_question(message) {
        Err(Some(answer)) => {
            assert_eq!((answer.len(), answer[0], answer[1], answer[2] & 0x80), (12, 0, 7, 0x80));
            Some(answer[3] & 0xF)
        }
        Err(None) => None,
        Ok(question) => panic!("{question:?}"),
    };
    let good = labels(&[b"a", b"test"]);
    let changed = |at: usize, value: u8| {
        let mut message = good.clone();
        message[at] = value;
        message
    };
    assert_eq!(code(&changed(5, 0)), Some(FORMAT_ERROR), "no question");
    assert_eq!(code(&changed(5, 2)), Some(FORMAT_ERROR), "two questions");
    assert_eq!(code(&changed(2, 0x29)), Some(NOT_IMPLEMENTED), "an update");
    assert_eq!(code(&changed(2, 0x81)), None, "an answer");
    assert_eq!(code(&changed(12, 0xC0)), Some(FORMAT_ERROR), "a pointer");
    assert_eq!(code(&changed(12, 0x40)), Some(FORMAT_ERROR), "a label of no known kind");
    assert_eq!(code(&changed(12, 60)), Some(FORMAT_ERROR), "a label behind the end");
    assert_eq!(code(&good[..good.len() - 1]), Some(FORMAT_ERROR));
    assert_eq!(code(&labels(&[&[b'x'; 63][..]; 4])), Some(FORMAT_ERROR), "256 bytes and more");
    for length in 0..12 {
        assert_eq!(code(&good[..length]), None);
    }
}

fn record(owner: &[u8], kind: u16, seconds: u32, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap().to_be_bytes();
    let kind = kind.to_be_bytes();
    [owner, &kind, &[0, 1], &seconds.to_be_bytes(), &length, data].concat()
}

fn reply(asked: &[u8], records: &[Vec<u8>]) -> Vec<u8> {
    let mut message = asked.to_vec();
    message[2] = 0x81;
    message[7] = u8::try_from(records.len()).unwrap();
    message.extend(records.concat());
    message
}

const ASKED: [u8; 2] = [0xC0, 12];

#[test]
fn aliases_are_followed_and_strangers_left_out() {
    let asked = ask(7, "a.test", A).unwrap();
    let alias = b"\x01b\x04test\0";
    let records = [
        record(b"\x04evil\0", A, 1, &[10, 0, 0, 1]),
        record(&ASKED, CNAME, 50, alias),
        record(&ASKED, AAAA, 1, &[0; 16]),
        record(b"\x01B\xC0\x0E", A, 40, &[127, 0, 0, 2]),
        record(alias, A, 60, &[127, 0, 0, 3]),
    ];
    let found = read_reply(&reply(&asked, &records), &asked).unwrap();
    assert_eq!(found.addresses, [IpAddr::from([127, 0, 0, 2]), IpAddr::from([127, 0, 0, 3])]);
    assert_eq!(found.seconds, 40);
}

#[test]
fn a_reply_must_be_to_the_question() {
    let asked = ask(7, "a.test", A).unwrap();
    let good = reply(&asked, &[record(&ASKED, A, 1, &[127, 0, 0, 2])]);
    assert!(read_reply(&good, &asked).is_some());
    for at in [0, 1, 2, 5, 13, asked.len() - 3] {
        let mut message = good.clone();
        message[at] ^= 0x83;
        assert_eq!(read_reply(&message, &asked), None, "byte {at}");
    }
    for length in 0..good.len() {
        assert_eq!(read_reply(&good[..length], &asked), None, "{length} bytes");
    }
    let here = u8::try_from(asked.len()).unwrap();
    let own = record(&[0xC0, here], A, 1, &[127, 0, 0, 2]);
    assert_eq!(read_reply(&reply(&asked, &[own]), &asked), None, "a name that points at itself");
    let wrong = record(&ASKED, A, 1, &[127, 0, 0]);
    assert_eq!(read_reply(&reply(&asked, &[wrong]), &asked), None, "three bytes");
}

#[test]
fn random_messages_do_no_harm() {
    let mut dice = ChaCha12Rng::seed_from_u64(11);
    let asked = ask(7, "a.test", A).unwrap();
    let alias = record(&ASKED, CNAME, 5, b"\x01b\xC0\x0E");
    let good = reply(&asked, &[alias, record(b"\x01b\xC0\x0E", A, 1, &[127, 0, 0, 2])]);
    let (mut questions, mut replies) = (0, 0);
    for round in 0..200_000 {
        let mut message = match round % 4 {
            0 => {
                let mut bytes = vec![0; (dice.next_u32() % 600).try_into().unwrap()];
                dice.fill_bytes(&mut bytes);
                bytes
            }
            1 => asked.clone(),
            _ => good.clone(),
        };
        let changes = dice.next_u32() % 4;
        for _ in 0..changes {
            let length = u32::try_from(message.len()).unwrap();
            if length > 0 {
                let at = usize::try_from(dice.next_u32() % length).unwrap();
                message[at] = dice.next_u32().to_le_bytes()[0];
            }
        }
        if let Ok(found) = read_question(&message) {
            questions += 1;
            let answer = found.answer_with(Ipv4Addr::LOCALHOST, 1);
            assert!(answer.len() <= message.len() + 16);
        }
        if let Some(found) = read_reply(&message, &asked) {
            replies += 1;
            assert!(found.addresses.len() * 14 <= message.len());
        }
    }
    // Else the bytes were too random to get anywhere.
    assert!(questions > 1000 && replies > 1000, "{questions} questions, {replies} replies");
}
