# A page for each command out of psgctl.8, for `man psgctl-activate`. The line of NAME is from `psgctl help`:
#     awk -f man/commands.awk -v directory=DIR -v psgctl=build/psgctl man/psgctl.8
/^\.Dd / { date = $0 }
/^\.Sh / { inside = ($0 == ".Sh COMMANDS") }
/^\.Ss / { inside = 0 }
!inside { next }
/^\.Bl / && ++depth == 1 { next }
/^\.El/ && --depth == 0 { finish(); next }
depth == 1 && /^\.It Xo/ { finish(); open = 1; next }
depth == 1 && /^\.It Ic / { finish(); sub(/^\.It /, "."); begin(); describe(); next }
open && /^\.Ic / { open = 0; begin(); next }
/^\.Xc/ && depth == 1 { describe(); next }
file == "" { next }
# A section of the whole page.
/^\.Sx / {
	sub(/^\.Sx /, "")
	end = sub(/ [.,;]$/, "") ? " ." : ""
	print ".Em " $0 > file
	print "in" > file
	$0 = ".Xr psgctl 8" end
}
$0 == ".Nm" { $0 = ".Nm psgctl" }
{ print > file }

function begin(  command, rest) {
	command = $2
	file = directory "/psgctl-" command ".8"
	print ".\\\" Of psgctl.8." > file
	print date > file
	print ".Dt PSGCTL-" toupper(command) " 8" > file
	print ".Os\n.Sh NAME" > file
	print ".Nm psgctl-" command > file
	print ".Nd " summary(command) > file
	print ".Sh SYNOPSIS\n.Nm psgctl" > file
	print ".Ic " command > file
	rest = $0
	if (sub(/^\.Ic [a-z-]+ /, "", rest))
		print "." rest > file
}

# After the usage. Built for another machine psgctl does not run here.
function summary(command,  run, line, blank, said) {
	run = psgctl " help " command " 2>/dev/null"
	said = "a command of psgctl"
	while ((run | getline line) > 0) {
		if (blank) {
			sub(/\.$/, "", line)
			said = line
			break
		}
		blank = line == ""
	}
	close(run)
	return said
}

function describe() {
	print ".Sh DESCRIPTION" > file
}

function finish() {
	if (file == "")
		return
	print ".Pp\nThe options of every command, what is printed with\n.Fl -json ,\nand the exit statuses are in" > file
	print ".Xr psgctl 8 .\n.Sh SEE ALSO\n.Xr pam_psg 8 ,\n.Xr psgctl 8" > file
	close(file)
	file = ""
}
