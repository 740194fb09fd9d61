//! What is looked at must be what is set, whatever changes in between.

use super::*;

const ROUNDS: i64 = 2000;
/// How often a change has to come between two rounds.
const TURNS: i64 = 100;
/// Where the changes are counted.
const CHANGES: usize = 9;

/// Makes a child set a mode again and again while `change` runs over and over. Gives how often it
/// was done and how often refused.
fn race(
    place: &Place,
    supervised: bool,
    body: impl Fn(&'static Notes) -> i64 + 'static,
    change: impl FnMut(&'static Notes) + Send + 'static,
) -> (i64, i64) {
    let folder = CString::new(place.0.as_os_str().as_bytes()).unwrap();
    let numbers = if supervised { modes_and_times() } else { Vec::new() };
    let mut child = trial::fork(&numbers, move |notes| {
        // SAFETY: a system call.
        unsafe { libc::chdir(folder.as_ptr()) };
        let (mut set, mut refused) = (0, 0);
        let (mut rounds, mut seen, mut last) = (0, 0, 0);
        // However the two take turns, there are some.
        while rounds < ROUNDS || seen < TURNS {
            rounds += 1;
            let changes = notes[CHANGES].load(Ordering::SeqCst);
            seen += i64::from(changes != last);
            last = changes;
            match body(notes) {
                0 => set += 1,
                EPERM => refused += 1,
                _ => {}
            }
        }
        call::note(notes, 1, set);
        call::note(notes, 2, refused);
    });
    let denials = Arc::new(Denials::new(Instant::now()));
    let listener = child.listener.take().unwrap();
    let watch = watch(listener, Arc::new(place.metadata(&denials))).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let (stopped, notes) = (Arc::clone(&stop), child.notes);
    let mut change = change;
    change(notes);
    let changing = std::thread::spawn(move || {
        while !stopped.load(Ordering::SeqCst) {
            change(notes);
            notes[CHANGES].fetch_add(1, Ordering::SeqCst);
        }
    });
    child.finish();
    stop.store(true, Ordering::SeqCst);
    changing.join().unwrap();
    drop(watch);
    (child.note(1), child.note(2))
}

fn mode_of(place: &Place, name: &str) -> u32 {
    fs::metadata(place.0.join(name)).unwrap().mode() & 0o7777
}

/// The text lies in memory that is shared with whoever changes it.
fn by_text(supervised: bool) -> (Place, i64, i64) {
    let place = Place::new();
    let outside = i64::from_ne_bytes(*b"out/file");
    let inside = i64::from_ne_bytes(*b".in/file");
    symlink("in", place.0.join(".in")).unwrap();
    let mut turn = false;
    let (set, refused) = race(
        &place,
        supervised,
        |notes| {
            let path = notes[10].as_ptr().cast::<libc::c_char>();
            call!(libc::SYS_fchmodat, HERE, path, 0o666)
        },
        move |notes| {
            turn = !turn;
            notes[10].store(if turn { inside } else { outside }, Ordering::SeqCst);
        },
    );
    (place, set, refused)
}

#[test]
fn a_path_that_changes_leads_nowhere_else() {
    let (place, set, _) = by_text(false);
    assert_eq!((mode_of(&place, "out/file"), set > 0), (0o666, true), "this is no attack");
    let (place, set, refused) = by_text(true);
    assert_eq!(mode_of(&place, "out/file"), 0o600);
    assert!(set > 0 && refused > 0, "{set} set, {refused} refused");
}

fn by_link(supervised: bool) -> (Place, i64, i64) {
    let place = Place::new();
    let (one, two) = (place.0.join("in/one"), place.0.join("in/two"));
    symlink("file", &one).unwrap();
    symlink("../out/file", &two).unwrap();
    let paths = [one, two].map(|path| CString::new(path.as_os_str().as_bytes()).unwrap());
    let (set, refused) = race(
        &place,
        supervised,
        |_| chmod(c"in/one", 0o666),
        move |_| {
            let [one, two] = paths.each_ref().map(|path| path.as_ptr());
            let swap = libc::RENAME_EXCHANGE;
            // SAFETY: a system call on paths of ours.
            unsafe { libc::syscall(libc::SYS_renameat2, HERE, one, HERE, two, swap) };
        },
    );
    (place, set, refused)
}

#[test]
fn a_link_that_changes_leads_nowhere_else() {
    let (place, set, _) = by_link(false);
    assert_eq!((mode_of(&place, "out/file"), set > 0), (0o666, true), "this is no attack");
    let (place, set, refused) = by_link(true);
    assert_eq!(mode_of(&place, "out/file"), 0o600);
    assert!(set > 0 && refused > 0, "{set} set, {refused} refused");
}
