//! Step 6, the built-in part: what is dangerous by its name, and by its name with its arguments.

use super::analysis::Cause;
use super::interpreters;
use super::invocation::{Finding, Invocation, name};
use super::targets::Folders;
use super::words::Word;
use super::writes;

/// Programs that fetch something from elsewhere.
pub(super) const DOWNLOADERS: &[&str] = &[
    "curl", "wget", "wget2", "aria2c", "axel", "fetch", "http", "https", "httpie", "xh", "lynx",
    "w3m", "links", "elinks", "nc", "ncat", "netcat", "socat", "telnet", "ftp", "tftp", "lftp",
    "ssh", "scp", "sftp", "rsync", "rclone",
];

/// A cause, its reason and the programs it holds for, whatever their arguments.
type List = (Finding, &'static [&'static str]);

#[rustfmt::skip]
const LISTS: &[List] = &[
    (Finding::block(Cause::Machine, "a command that ends the machine or formats a disk"), &[
        "shutdown", "reboot", "halt", "poweroff", "mkfs", "mke2fs", "mkdosfs", "newfs",
        "newfs_msdos", "blkdiscard"]),
    (Finding::approval(Cause::Network, "a command that talks to other machines"), &[
        "rcp", "rsh", "rlogin", "mosh", "autossh", "sshpass", "ssh-copy-id", "nmap", "ngrok",
        "cloudflared", "croc", "wormhole", "proxychains", "proxychains4", "torify"]),
    (Finding::approval(Cause::System, "a command that steers containers or infrastructure"), &[
        "docker", "docker-compose", "podman", "nerdctl", "buildah", "kubectl", "oc", "terraform",
        "tofu", "helm", "helmfile", "ansible", "ansible-playbook", "pulumi", "vagrant"]),
    (Finding::approval(Cause::System, "a command that changes the firewall"), &[
        "iptables", "ip6tables", "iptables-restore", "ip6tables-restore", "firewall-cmd", "ebtables",
        "arptables", "pfctl"]),
    (Finding::approval(Cause::Privilege, "a change of rights"), &[
        "su", "runuser", "passwd", "chpasswd", "useradd", "userdel", "usermod", "adduser", "deluser",
        "groupadd", "groupdel", "groupmod", "addgroup", "delgroup", "gpasswd", "visudo", "vipw",
        "vigr", "chsh", "chfn", "setcap", "capsh", "nsenter", "machinectl", "newgrp", "sg"]),
    (Finding::approval(Cause::System, "a command that changes the machine"), &[
        "mount", "umount", "swapon", "swapoff", "mkswap", "losetup", "insmod", "modprobe", "rmmod",
        "kexec", "crontab", "at", "batch", "launchctl", "update-rc.d", "chkconfig", "grub-install",
        "efibootmgr", "fdisk", "sfdisk", "gdisk", "sgdisk", "parted", "wipefs", "cryptsetup",
        "dmsetup", "lvremove", "vgremove", "pvremove", "pvcreate", "mdadm", "zpool", "zfs",
        "setenforce", "auditctl", "hdparm", "nvme", "flashrom", "killall5"]),
    (Finding::approval(Cause::HiddenCode, "a command that runs others"), &[
        "screen", "tmux", "dtach", "systemd-run", "start-stop-daemon", "setpriv", "prlimit",
        "cpulimit", "firejail", "bwrap", "proot", "fakechroot", "xvfb-run", "rlwrap", "entr",
        "watchexec", "hyperfine", "faketime", "bpftrace", "dtrace", "gdbserver", "fc", "ed", "m4", "script",
        "numactl", "chpst", "softlimit", "expect"]),
];

/// What speaks against a command by itself.
pub(super) fn findings(invocation: &Invocation, folders: &Folders) -> Vec<Finding> {
    let Some(name) = invocation.name() else { return Vec::new() };
    let mut findings = named(&name, &invocation.words, folders);
    if findings.is_empty() && !takes_data(&name) {
        findings.extend(passed_on(&invocation.words, folders));
    }
    findings
}

fn named(name: &str, words: &[Word], folders: &Folders) -> Vec<Finding> {
    let arguments = words.get(1..).unwrap_or_default();
    let mut findings: Vec<Finding> = LISTS
        .iter()
        .filter(|(_, names)| names.contains(&name))
        .map(|(finding, _)| *finding)
        .collect();
    if DOWNLOADERS.contains(&name) {
        findings.push(Finding::approval(Cause::Network, "a command that talks to other machines"));
    }
    if name.starts_with("mkfs.") {
        findings.push(Finding::block(Cause::Machine, "a command that formats a disk"));
    }
    findings.extend(with_arguments(name, arguments));
    findings.extend(writes::findings(name, arguments, folders));
    findings
}

/// Commands that are dangerous with some arguments only.
fn with_arguments(name: &str, arguments: &[Word]) -> Option<Finding> {
    let has = |texts: &[&str]| arguments.iter().any(|word| texts.contains(&&*word.text));
    let first = arguments.iter().find(|word| !word.text.starts_with('-'));
    let open = arguments.iter().any(|word| word.may_be_several() || word.text.starts_with('\0'));
    let ends = Finding::block(Cause::Machine, "a command that ends the machine");
    let system = Finding::approval(Cause::System, "a command that changes the machine");
    let publishing = Finding::approval(Cause::Publishing, "a command that publishes");
    match name {
        "init" | "telinit" if has(&["0", "6"]) => Some(ends),
        "init" | "telinit" => Some(system),
        "systemctl" | "loginctl"
            if has(&[
                "poweroff",
                "reboot",
                "halt",
                "kexec",
                "soft-reboot",
                "emergency",
                "rescue",
            ]) =>
        {
            Some(ends)
        }
        "systemctl" | "service" | "loginctl"
            if first.is_some()
                && !has(&[
                    "status",
                    "show",
                    "cat",
                    "list-units",
                    "list-unit-files",
                    "is-active",
                    "is-enabled",
                    "is-failed",
                    "list-timers",
                    "list-sockets",
                    "--status-all",
                ]) =>
        {
            Some(system)
        }
        "ufw"
            if open
                || has(&[
                    "allow", "deny", "delete", "enable", "disable", "reload", "reset", "reject",
                    "limit", "insert", "prepend", "route", "default",
                ]) =>
        {
            Some(system)
        }
        "nft"
            if open
                || has(&[
                    "add", "delete", "flush", "insert", "replace", "destroy", "create", "-f",
                    "--file", "reset",
                ])
                || arguments.iter().any(|word| word.text.contains(' ')) =>
        {
            Some(system)
        }
        "sysctl"
            if open
                || has(&["-w", "--write", "-p", "--load", "--system"])
                || arguments.iter().any(|word| word.text.contains('=')) =>
        {
            Some(system)
        }
        "shopt" if open || has(&["expand_aliases"]) => {
            Some(Finding::approval(Cause::HiddenCode, "aliases that rewrite later commands"))
        }
        "kill" if has(&["-1"]) && arguments.len() > 1 => Some(system),
        "npm" | "pnpm" | "yarn" | "bun" | "cargo" | "lerna" | "deno" | "poetry" | "uv" | "flit"
        | "hatch" | "npx" | "bunx" | "vsce" | "ovsx" | "jsr" | "dart" | "flutter" | "changeset"
            if publishes(arguments, &["publish", "unpublish", "deprecate", "dist-tag", "yank"]) =>
        {
            Some(publishing)
        }
        "twine" if publishes(arguments, &["upload"]) => Some(publishing),
        "gem" if publishes(arguments, &["push", "yank"]) => Some(publishing),
        "nuget" | "dotnet" | "pod" | "mix" if publishes(arguments, &["push", "hex.publish"]) => {
            Some(publishing)
        }
        _ => None,
    }
}

/// True when one of these is among the operands, or may be the first of them.
fn publishes(arguments: &[Word], commands: &[&str]) -> bool {
    let mut operands = arguments.iter().filter(|word| !word.text.starts_with('-'));
    let first = operands.clone().next();
    if first.is_some_and(|word| word.fixed().is_none()) {
        return true;
    }
    let other =
        ["run", "run-script", "install", "add", "i", "view", "info", "search", "test", "why"];
    if first.is_some_and(|word| other.contains(&&*word.text)) {
        return false;
    }
    operands.any(|word| commands.contains(&&*word.text) || word.may_be_several())
}

/// Commands whose arguments are text and never run.
fn takes_data(name: &str) -> bool {
    matches!(
        name,
        "echo"
            | "printf"
            | "grep"
            | "egrep"
            | "fgrep"
            | "rg"
            | "ag"
            | "ack"
            | "man"
            | "git"
            | ":"
            | "test"
            | "["
            | "[["
            | "export"
            | "declare"
            | "local"
            | "readonly"
            | "typeset"
            | "true"
            | "false"
            | "cat"
            | "ls"
            | "which"
            | "type"
            | "apt"
            | "apt-get"
            | "jq"
            | "say"
    )
}

/// A program the guard does not know may be one more wrapper.
fn passed_on(words: &[Word], folders: &Folders) -> Option<Finding> {
    let finding = Finding::approval(Cause::HiddenCode, "a dangerous command among the arguments");
    for (at, word) in words.iter().enumerate().skip(1) {
        let Some(name) = name(word) else { continue };
        let harmful = matches!(
            &*name,
            "rm" | "dd" | "chmod" | "chown" | "chgrp" | "shred" | "tee" | "mv" | "cp"
        );
        let rest = words.get(at..).unwrap_or_default();
        if harmful && named(&name, rest, folders).iter().any(|found| found.firm) {
            return Some(finding);
        }
        let shell = rest.get(1).is_some_and(|next| {
            next.text.starts_with('-') && !next.text.starts_with("--") && next.text.contains('c')
        });
        if shell && rest.len() > 2 && interpreters::is_shell(&name) {
            return Some(finding);
        }
    }
    None
}
