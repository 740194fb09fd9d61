use libc::sock_filter;

use super::super::interpreter::{Data, run};
use super::super::numbers::NUMBER;
use super::super::oracle::Expected;
use super::{Assembler, GO, NOBODY, Place};

fn answer(steps: &[sock_filter], number: u32) -> Expected {
    run(steps, &Data { number, arch: 0, arguments: [0; 6] }).0
}

/// A branch over so many steps, both ways in turn.
fn over(steps: usize, yes_is_far: bool) -> (Vec<sock_filter>, Vec<usize>) {
    let mut a = Assembler::default();
    let far = a.place();
    a.load(NUMBER);
    if yes_is_far {
        a.if_equal(7, far);
    } else {
        a.unless_equal(7, far);
    }
    for _ in 0..steps {
        a.keep(u32::MAX);
    }
    a.if_own_pid(Place::EPERM);
    a.go(Place::ALLOW);
    a.mark(far);
    a.go(Place::EACCES);
    a.finish()
}

#[test]
fn a_branch_reaches_any_distance() {
    let near = Expected::Allow;
    let far = Expected::Errno(libc::EACCES);
    for steps in (0..10).chain(240..270).chain([1000, 3000]) {
        let (program, own_pid) = over(steps, true);
        assert_eq!((answer(&program, 7), answer(&program, 8)), (far, near), "over {steps}");
        assert_eq!(program[own_pid[0]].k, NOBODY, "over {steps}");
        let (program, own_pid) = over(steps, false);
        assert_eq!((answer(&program, 7), answer(&program, 8)), (near, far), "over {steps}");
        assert_eq!(program[own_pid[0]].k, NOBODY, "over {steps}");
    }
    let trampolines = |steps| over(steps, true).0.iter().filter(|step| step.code == GO).count();
    assert_eq!((trampolines(10), trampolines(300)), (2, 4));
}

#[test]
fn a_place_that_is_nowhere_kills() {
    let mut a = Assembler::default();
    let (nowhere, above) = (a.place(), a.place());
    a.mark(above);
    a.load(NUMBER);
    a.if_equal(1, nowhere);
    a.if_equal(2, above);
    a.go(Place::ALLOW);
    let (program, _) = a.finish();
    let answers = [1, 2, 3].map(|number| answer(&program, number));
    assert_eq!(answers, [Expected::Kill, Expected::Kill, Expected::Allow]);
}

#[test]
fn a_number_goes_to_its_segment() {
    let places = [Place::ALLOW, Place::EPERM, Place::EACCES, Place::ENOSYS];
    for count in 1..=40 {
        let segments: Vec<(u32, Place)> =
            (0..count).map(|index| (index * 3, places[index as usize % 4])).collect();
        let mut a = Assembler::default();
        a.load(NUMBER);
        a.dispatch(&segments);
        let (program, _) = a.finish();
        for number in 0..count * 3 + 5 {
            let right = match (number / 3).min(count - 1) % 4 {
                0 => Expected::Allow,
                1 => Expected::Errno(libc::EPERM),
                2 => Expected::Errno(libc::EACCES),
                _ => Expected::Errno(libc::ENOSYS),
            };
            assert_eq!(answer(&program, number), right, "{number} of {count} segments");
        }
    }
}
