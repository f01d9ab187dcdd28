# psg_in_use ROOT: prints FILE:LINE of each line of a stack that needs pam_psg's files; true when there is one, or when
# that cannot be found out. Plain sh and awk: it must work where nothing of pam_psg does. Shared by prerm, postrm and
# `make uninstall`; read as libpam reads: a # begins a comment anywhere, a backslash at the end goes on.
psg_in_use() {
	psg_root=${1%/} psg_found=false psg_seen='
'
	set -- "$psg_root/etc/pam.conf" "$psg_root"/etc/pam.d/* "$psg_root"/usr/lib/pam.d/*
	while [ $# -gt 0 ]; do
		psg_file=$1
		shift
		# What package managers and editors leave behind is no service.
		case ${psg_file##*/} in
		*~ | *.dpkg-* | *.ucf-* | *.rpm* | *.bak | *.orig | *.save | *.swp | *.pacnew | *.pacsave) continue ;;
		esac
		case $psg_seen in *"
$psg_file
"*) continue ;;
		esac
		psg_seen="$psg_seen$psg_file
"
		if [ -d "$psg_file" ]; then
			set -- "$@" "$psg_file"/*
			continue
		fi
		[ -e "$psg_file" ] || [ -h "$psg_file" ] || continue
		if ! psg_said=$(psg_scan "$psg_file"); then
			[ -e "$psg_file" ] || continue # a link to nothing
			echo "  ${psg_file#"$psg_root"}: cannot be read"
			psg_found=true
			continue
		fi
		while IFS= read -r psg_line; do
			case $psg_line in
			'names '*)
				echo "  ${psg_file#"$psg_root"}:${psg_line#names }"
				psg_found=true
				;;
			'reads /'*) set -- "$@" "$psg_root${psg_line#reads }" ;;
			'reads '*) set -- "$@" "$psg_root/etc/pam.d/${psg_line#reads }" ;;
			esac
		done <<-END
			$psg_said
		END
	done
	$psg_found
}

# Of one file: `names LINE` for a line that needs pam_psg's files, `reads FILE` for another file it includes.
psg_scan() {
	awk '{
		text = $0
		cut = sub(/#.*/, "", text)
		more = !cut && sub(/\\$/, "", text)
		gsub(/[][]/, " ", text)
		count = split(text, words)
		for (i = 1; i <= count; i++) {
			if (words[i] ~ /(^|\/)pam_psg\.so$/ || words[i] ~ /\/share\/pam_psg\//)
				print "names " FNR
			else if (before ~ /^(@?include|substack)$/)
				print "reads " words[i]
			before = words[i]
		}
		if (!more)
			before = ""
	}' "$1" 2>/dev/null
}
