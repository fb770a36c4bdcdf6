# bash completion of zvonarctl: nouns, verbs, options, and names of campaigns from the store
_zvonarctl() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} word noun='' verb='' i
	local globals='--store --conf --socket --json --csv --tsv --table --no-color --help --version'
	local store=()

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		-d | --store | -c | --conf | -s | --socket)
			store+=("$word" "${COMP_WORDS[i + 1]}")
			((i++))
			;;
		-*) ;;
		*) if [[ -z $noun ]]; then noun=$word; elif [[ -z $verb ]]; then verb=$word; fi ;;
		esac
	done
	case $prev in
	-C | --campaign)
		mapfile -t COMPREPLY < <(compgen -W "$(zvonarctl "${store[@]}" campaign list --tsv 2>/dev/null | cut -f1)" -- "$cur")
		return ;;
	-d | --store) mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
	-c | --conf | -s | --socket | -o | --output | -r | --rejects | --calendars | --out | --file)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	-f | --format)
		local formats='json csv tsv'
		[[ $noun != report ]] || formats='table json csv html'
		mapfile -t COMPREPLY < <(compgen -W "$formats" -- "$cur"); return ;;
	--role) mapfile -t COMPREPLY < <(compgen -W 'integrator agent supervisor operator' -- "$cur"); return ;;
	--lang) mapfile -t COMPREPLY < <(compgen -W 'ru en' -- "$cur"); return ;;
	--country) mapfile -t COMPREPLY < <(compgen -W 'ru ua kz' -- "$cur"); return ;;
	esac
	if [[ $cur = -* ]]; then
		case "$noun $verb" in
		'list import') globals+=' --encoding --map --zone --country --delimiter --rejects --dry-run --create --hot' ;;
		'leads export' | 'attempts export') globals+=' --campaign --format --output' ;;
		'outbox list') globals+=' --campaign' ;;
		why*) globals+=' --at --campaign --lang' ;;
		'suppress add') globals+=' --person --campaign --until --reason' ;;
		'suppress remove') globals+=' --person --campaign' ;;
		'suppress list') globals+=' --person' ;;
		'suppress import') globals+=' --campaign --until --reason' ;;
		'mark add') globals+=' --from --until --source' ;;
		'mark remove') globals+=' --source' ;;
		'registry load') globals+=' --as-of' ;;
		'person erase') globals+=' --person --recordings --dry-run' ;;
		retention*) globals+=' --dry-run' ;;
		'rules check' | 'rules list') globals+=' --calendars' ;;
		'rules test') globals+=' --verbose' ;;
		'numbers import') globals+=' --country --out' ;;
		report*) globals+=' --format --output' ;;
		'agent passwd') globals+=' --remove --file --realm' ;;
		'token new') globals+=' --role --file' ;;
		'token list' | 'token revoke') globals+=' --file' ;;
		simulate*) globals+=' --seeds --seed --what-if --plugins --html --jobs --settings' ;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "$globals" -- "$cur")
		return
	fi
	case "$noun $verb" in
	' ') word='status campaign list leads attempts outbox report why suppress mark registry person retention rules numbers replay simulate agent token store log reload drain' ;;
	'campaign ') word='list show start pause stop' ;;
	'list ') word='import' ;;
	'agent ') word='list passwd' ;;
	'token ') word='new list revoke' ;;
	'leads ' | 'attempts ') word='export' ;;
	'outbox ') word='list' ;;
	'store ') word='check info' ;;
	'suppress ') word='add list remove import' ;;
	'mark ') word='add list remove' ;;
	'registry ') word='load list' ;;
	'person ') word='erase' ;;
	'suppress import' | 'registry load') mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	'mark add' | 'mark remove') word='flag consent agreement initiative consent_7d' ;;
	'rules ') word='check list test' ;;
	'numbers ') word='import show' ;;
	'rules check' | 'rules list' | 'rules test' | 'numbers import' | 'numbers show')
		mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	'log ') word='level' ;;
	simulate* | replay*) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	'log level') word='error warn info debug' ;;
	'campaign show' | 'campaign start' | 'campaign pause' | 'campaign stop' | 'report ' | 'list import')
		if [[ $noun = list && $prev != import ]]; then
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
			return
		fi
		word=$(zvonarctl "${store[@]}" campaign list --tsv 2>/dev/null | cut -f1)
		;;
	*) word='' ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$word" -- "$cur")
}
complete -F _zvonarctl zvonarctl
