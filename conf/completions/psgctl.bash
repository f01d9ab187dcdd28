# bash completion for psgctl, which itself says what a line can become: see `psgctl complete` in psgctl(8).
_psgctl() {
	local words=() word begun= current
	# bash has split --user=alice at the =.
	for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
		if [[ ${#words[@]} -gt 0 && ($word = '=' || ${words[-1]} = --*=) && ${words[-1]} = --* ]]; then
			words[-1]+=$word
		else
			words+=("$word")
		fi
	done
	current=${words[-1]}
	[[ $current = --*=* ]] && begun=${current%%=*}= && current=${current#*=}

	mapfile -t COMPREPLY < <("${COMP_WORDS[0]}" complete -- "${words[@]}" 2>/dev/null)
	case ${COMPREPLY[0]-} in
	:files)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		;;
	:directories)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -d -- "$current")
		;;
	*) COMPREPLY=("${COMPREPLY[@]#"$begun"}") ;;
	esac
}
complete -F _psgctl psgctl
