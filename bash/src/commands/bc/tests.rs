//! Answers of GNU bc 1.07.1.

use super::parse::Parser;
use super::run::{Calculator, Flow};

/// What is printed, and what is said of faults.
fn answers(library: bool, program: &str) -> (String, Vec<String>) {
    let mut calculator = Calculator::new(library);
    let mut parser = Parser::new(program);
    let (mut printed, mut faults) = (String::new(), Vec::new());
    while let Some(parsed) = parser.next_line() {
        let flow = parsed
            .map_err(|(line, problem)| format!("{line}: {problem}"))
            .and_then(|statements| calculator.run(&statements));
        printed.push_str(&calculator.take_printed());
        match flow {
            Ok(Flow::Quit) => break,
            Ok(_) => {}
            Err(fault) => faults.push(fault),
        }
    }
    (printed, faults)
}

#[test]
fn numbers_are_worked_with_as_bc_does() {
    for (program, expected) in [
        ("3*4.5; 0.1+0.2; 1.5*1.5; 7/2; -7/2; 5%3", "13.5\n.3\n2.2\n3\n-3\n2\n"),
        ("scale=4; 1/3; -1/3; 10/4; 2^-2; 5.5%2", ".3333\n-.3333\n2.5000\n.2500\n0\n"),
        ("2^100; 2^0; (-2)^3; 2^3^2; -2^2", "1267650600228229401496703205376\n1\n-8\n512\n4\n"),
        ("sqrt(2); scale=10; sqrt(2); sqrt(16.00)", "1\n1.4142135623\n4.0000000000\n"),
        ("1 > 0; 1 == 2; !0; 1 && 0; 1 || 0; 3 <= 3", "1\n0\n1\n0\n1\n1\n"),
        ("length(123.45); scale(1.250); length(0)", "5\n3\n1\n"),
        ("0; .5; -0.50; 00012; 1.000", "0\n.5\n-.50\n12\n1.000\n"),
    ] {
        assert_eq!(answers(false, program), (expected.to_owned(), vec![]), "{program}");
    }
}

#[test]
fn bases_are_kept() {
    for (program, expected) in [
        ("ibase=16; FF; 10", "255\n16\n"),
        ("obase=2; 10; 255", "1010\n11111111\n"),
        ("obase=16; 255; 48879", "FF\nBEEF\n"),
        ("ibase=2; 1010; 1.1", "10\n1.5\n"),
        ("obase=100; 12345", " 01 23 45\n"),
        ("obase=16; ibase=2; 11111111", "FF\n"),
    ] {
        assert_eq!(answers(false, program), (expected.to_owned(), vec![]), "{program}");
    }
}

#[test]
fn the_language_is_there() {
    for (program, expected) in [
        ("a=5; a*2; a+=1; a; a++; a; --a", "10\n6\n6\n7\n6\n"),
        ("for(i=0;i<3;i++) i", "0\n1\n2\n"),
        ("i=3; while(i>0) { i; i-=1 }", "3\n2\n1\n"),
        ("for(i=0;;i++) { if(i==1) continue; if(i>2) break; i }", "0\n2\n"),
        (
            "define f(n) {\n if (n <= 1) return (1)\n return (n * f(n-1))\n}\nf(20)",
            "2432902008176640000\n",
        ),
        ("define f(x) { auto y; y=x*2; return y }\ny=7; f(4); y", "8\n7\n"),
        ("a[0]=1; a[1]=2; a[0]+a[1]; a[9]", "3\n0\n"),
        ("\"x\"; print \"a\\n\", 1+1, \"\\n\"; (b=4)", "xa\n2\n4\n"),
        ("if (1) 2 else 3; if (0) 2 else 3", "2\n3\n"),
        ("/* a\n b */ 1 # c\n2; last+1; 1\\\n2", "1\n2\n3\n12\n"),
        ("1; quit; 2", "1\n"),
    ] {
        assert_eq!(answers(false, program), (expected.to_owned(), vec![]), "{program}");
    }
}

#[test]
fn functions_of_the_library_are_exact() {
    for (program, expected) in [
        ("4*a(1)", "3.14159265358979323844\n"),
        ("s(1); c(1)", ".84147098480789650665\n.54030230586813971740\n"),
        (
            "l(2); e(1); e(0); l(1)",
            ".69314718055994530941\n2.71828182845904523536\n1.00000000000000000000\n0\n",
        ),
        ("e(10)", "22026.46579480671651695790\n"),
        ("s(0); 1/3", "0\n.33333333333333333333\n"),
    ] {
        assert_eq!(answers(true, program), (expected.to_owned(), vec![]), "{program}");
    }
}

#[test]
fn long_numbers_go_on_in_the_next_line() {
    let (printed, _) = answers(false, "2^300");
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!((lines.len(), lines[0].len()), (2, 69));
    assert!(lines[0].ends_with('\\'));
    assert_eq!(answers(false, "2^1000000").0.replace("\\\n", "").trim().len(), 301_030);
}

#[test]
fn faults_are_told_and_the_next_line_is_done() {
    let (printed, faults) = answers(false, "1/0\n2\n1 +\n3\n@\n4\nf(1)\n5");
    assert_eq!(printed, "2\n3\n4\n5\n");
    assert_eq!(faults.len(), 4, "{faults:?}");
    assert!(faults[0].contains("Divide by zero"));
    assert!(faults[1].starts_with("3: syntax error"));
    assert!(faults[2].contains("illegal character: @"));
}

#[test]
fn depth_has_an_end() {
    for program in [
        format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000)),
        format!("{}1", "-".repeat(100_000)),
        format!("1{}", "^1".repeat(100_000)),
        "{".repeat(100_000),
        "define f(x) { return f(x+1) }\nf(1)".to_owned(),
        "9^999999999".to_owned(),
    ] {
        let (printed, faults) = answers(false, &program);
        assert_eq!((printed.as_str(), faults.len()), ("", 1), "{faults:?}");
    }
}
