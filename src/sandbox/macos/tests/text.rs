//! The text itself, and what else it lets a process do.

use std::ffi::OsString;
use std::time::Instant;

use super::interpreter::{Profile, Target};
use super::*;
use crate::error::Code;
use crate::sandbox::denials::Denials;
use crate::sandbox::files::{Access, Files};
use crate::sandbox::resolve::Resolver;

fn terms(network: Network, processes: bool) -> Terms {
    let files = Files::default();
    Terms {
        everything: Access::default(),
        granted: files.clone(),
        denied: files.clone(),
        needed: files,
        network,
        processes,
    }
}

fn read(terms: &Terms) -> Profile {
    Profile::read(&terms.profile().unwrap())
}

#[test]
fn rules_stand_in_their_order() {
    let mut terms = terms(Network::Proxy(4242), false);
    terms.granted.grant("/p/data", Access::READ | Access::LIST);
    terms.granted.grant("/p/out", Access::WRITE | Access::LIST);
    terms.granted.grant("/p/main.mjs", Access::READ);
    terms.denied.grant("/p/data/\"k\\", Access::READ | Access::LIST);
    terms.needed.grant("/bin/node", Access::READ | Access::EXECUTE);
    let text = terms.profile().unwrap();
    let (start, rest) = text.split_once("(allow signal").unwrap();
    assert_eq!(
        start,
        "(version 1)\n(deny default)\n(allow file-read-metadata file-test-existence)\n"
    );
    let contents = "file-read-data file-read-xattr file-map-executable";
    let rest = &rest[rest.find("(allow file-read-data").unwrap()..];
    let expected = [
        &format!("(allow {contents}\n  (subpath \"/p/data\"))"),
        &format!(
            "(allow {contents}\n  (require-all (subpath \"/p/main.mjs\") (require-not (vnode-type \
             DIRECTORY))))"
        ),
        &format!("(allow {contents}\n  (require-all (subpath \"/p/out\") (vnode-type DIRECTORY)))"),
        "(allow file-write*\n  (subpath \"/p/out\"))",
        &format!("(deny {contents}\n  (subpath \"/p/data/\\\"k\\\\\"))"),
        "(deny file-write-setugid file-write-owner)",
        "(deny file-write-unlink\n  (require-not (require-any (subpath \"/p/data\") (subpath \
         \"/p/main.mjs\"))))",
        "(deny file-write-unlink\n  (subpath \"/p/data/\\\"k\\\\\"))",
        "(deny file-write-unlink\n  (literal \"/\")\n  (literal \"/p\")\n  (literal \"/p/data\")\n  \
         (literal \"/p/data/\\\"k\\\\\"))",
        &format!(
            "(allow {contents}\n  (require-all (subpath \"/bin/node\") (require-not (vnode-type \
             DIRECTORY))))"
        ),
        "(allow process-exec*\n  (subpath \"/bin/node\"))",
        &format!("(allow {contents}\n  (literal \"/\"))"),
        "(allow network-outbound\n  (remote tcp \"localhost:4242\"))",
    ];
    assert_eq!(rest, expected.map(|rule| format!("{rule}\n")).concat());
}

#[test]
fn names_of_files_cannot_say_anything_else() {
    let names =
        ["\"))(allow default)(\"", "\\", "\\\"", "a b;c", "(subpath \"/\")", "\u{e4}\u{1F600}"];
    let mut one = terms(Network::Closed, false);
    for name in names {
        one.granted.grant(Path::new("/p").join(name), Access::READ | Access::LIST);
    }
    let profile = read(&one);
    let paths = profile.paths();
    for name in names {
        assert!(paths.contains(&format!("/p/{name}")), "{name}");
    }
    let passwords = Target::Path { path: Path::new("/etc/passwd"), folder: false };
    assert!(!profile.allows("file-read-data", passwords));
    for name in ["/p/a\nb", "/p/\u{0}", "/p/\u{7f}", "p/a", ""] {
        let mut one = terms(Network::Closed, false);
        one.granted.grant(name, Access::WRITE);
        assert_eq!(one.profile().unwrap_err().code(), Code::InvalidArgument, "{name:?}");
    }
}

#[test]
fn the_network_is_nothing_or_the_proxy_or_all_but_listening() {
    let tcp = |host: &'static str, port| Target::Remote { protocol: "tcp", host, port };
    let udp = |host: &'static str, port| Target::Remote { protocol: "udp", host, port };
    let resolver =
        Target::Path { path: Path::new("/private/var/run/mDNSResponder"), folder: false };
    let socket = Target::Path { path: Path::new("/private/tmp/agent.sock"), folder: false };
    for (network, to_proxy, to_all) in [
        (Network::Closed, false, false),
        (Network::Proxy(4242), true, false),
        (Network::Open, true, true),
    ] {
        let profile = read(&terms(network, true));
        let out = |target| profile.allows("network-outbound", target);
        assert_eq!(out(tcp("localhost", 4242)), to_proxy, "{network:?}");
        for target in [
            tcp("localhost", 4243),
            tcp("elsewhere", 4242),
            tcp("elsewhere", 443),
            udp("localhost", 4242),
            udp("elsewhere", 53),
            resolver,
        ] {
            assert_eq!(out(target), to_all, "{network:?} {target:?}");
        }
        assert!(!out(socket), "{network:?}");
        for operation in ["network-bind", "network-inbound"] {
            assert!(!profile.allows(operation, Target::Local { protocol: "tcp" }), "{network:?}");
            let found = profile.allows(operation, Target::Local { protocol: "udp" });
            assert_eq!(found, to_all, "{network:?} {operation}");
        }
    }
}

#[test]
fn other_processes_and_what_is_told_of_them_are_out_of_reach() {
    for processes in [false, true] {
        let profile = read(&terms(Network::Open, processes));
        for operation in ["signal", "process-info-pidinfo"] {
            let may = |whose| profile.allows(operation, Target::Process(whose));
            assert!(may("self"));
            assert_eq!(may("same-sandbox"), processes, "{operation}");
            assert!(!may("other"), "{operation}");
        }
        for (operation, name, allowed) in [
            ("sysctl-read", "hw.ncpu", true),
            ("sysctl-read", "kern.osrelease", true),
            ("sysctl-read", "kern.procargs2", false),
            ("sysctl-read", "kern.proc.all", false),
            ("sysctl-read", "net.inet.tcp.pcblist", false),
            ("sysctl-write", "kern.hostname", false),
            ("mach-lookup", "com.apple.system.opendirectoryd.libinfo", true),
            ("mach-lookup", "com.apple.SecurityServer", false),
            ("mach-lookup", "com.apple.coreservices.launchservicesd", false),
            ("mach-lookup", "com.apple.pasteboard.1", false),
            ("mach-lookup", "com.apple.FSEvents", false),
        ] {
            assert_eq!(
                profile.allows(operation, Target::Name(name)),
                allowed,
                "{operation} {name}"
            );
        }
        for operation in
            ["mach-register", "iokit-open", "system-fsctl", "job-creation", "nvram-set"]
        {
            assert!(!profile.allows(operation, Target::Nothing), "{operation}");
        }
        assert_eq!(profile.allows("process-fork", Target::Nothing), processes);
    }
}

#[test]
fn a_program_is_started_by_sandbox_exec_and_told_of_the_proxy() {
    let denials = Arc::new(Denials::new(Instant::now()));
    let proxy = Proxy::start(Arc::default(), Resolver::system(), 1, denials).unwrap();
    let terms = terms(Network::Closed, false);
    let program = Path::new("/opt/bun");
    let arguments = [OsString::from("run"), "a b.ts".into()];
    let plain = Invocation::new(terms.clone(), None, program, &arguments).unwrap();
    assert_eq!(plain.program, Path::new("/usr/bin/sandbox-exec"));
    assert_eq!(
        plain.arguments,
        [
            OsString::from("-p"),
            terms.profile().unwrap().into(),
            "/opt/bun".into(),
            "run".into(),
            "a b.ts".into(),
        ]
    );
    assert_eq!(plain.variables, []);
    let with = Invocation::new(terms.clone(), Some(&proxy), program, &arguments).unwrap();
    let told = Terms { network: Network::Proxy(proxy.port()), ..terms };
    assert_eq!(with.arguments[1], OsString::from(told.profile().unwrap()));
    assert_eq!(with.variables, proxy.variables());
    assert!(proxy.variables().iter().any(|(name, value)| {
        name == "HTTPS_PROXY" && value.ends_with(&format!("@127.0.0.1:{}", proxy.port()))
    }));
}

#[test]
fn orders_come_to_terms() {
    let project = Project::new("orders");
    project.file("src/main.mjs");
    project.file("src/lib.mjs");
    project.file("package.json");
    project.file("data/x");
    project.file("bin/prog");
    let all = project.compile(&["--allow-all"]);
    assert_eq!((all.terms, all.proxied), (None, false));

    let mut order = project.order(&["--allow-net=a.test", "--allow-write=new"]);
    order.entrypoint = Some(project.0.join("src/main.mjs"));
    let made = compile(&order, Missing::IsWrong).unwrap();
    assert!(made.proxied && made.unenforced.is_empty(), "{:?}", made.unenforced);
    assert!(project.0.join("new").is_dir());
    let terms = made.terms.unwrap();
    // Until there is a proxy, nothing is reached.
    assert_eq!((terms.network, terms.processes), (Network::Closed, false));
    let profile = read(&terms);
    let reads = |path: &str| {
        let path = project.0.join(path);
        profile.allows("file-read-data", Target::Path { path: &path, folder: false })
    };
    assert!(reads("src/main.mjs") && reads("src/lib.mjs") && reads("package.json"));
    assert!(!reads("data/x") && !reads("new/x"));

    // A rule that was led elsewhere since the first look grants nothing.
    order.pins = Some(Arc::new(made.pins));
    fs::remove_dir(project.0.join("new")).unwrap();
    std::os::unix::fs::symlink(project.0.join("data"), project.0.join("new")).unwrap();
    let terms = compile(&order, Missing::IsSkipped).unwrap().terms.unwrap();
    assert!(!terms.granted.access_to(&project.0.join("data/x")).has(Access::WRITE));

    let open = project.compile(&["--allow-net", "--allow-run=prog"]);
    assert!(!open.proxied);
    let terms = open.terms.unwrap();
    assert_eq!((terms.network, terms.processes), (Network::Open, true));

    let missing = compile(&project.order(&["--allow-read=gone"]), Missing::IsWrong).unwrap_err();
    assert_eq!(missing.code(), Code::InvalidArgument);
    let flags = ["--allow-read", "--deny-read=/usr/lib,.env"];
    let refused: Vec<String> =
        project.compile(&flags).unenforced.into_iter().map(|one| one.reason).collect();
    let [env, system] = refused.as_slice() else { panic!("{refused:?}") };
    assert!(env.starts_with("--deny-read=./.env: it is not there"), "{env}");
    assert!(system.starts_with("--deny-read=/usr/lib: no runtime starts"), "{system}");
}
