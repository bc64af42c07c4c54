# SPDX-License-Identifier: EUPL-1.2
# Bash completion of ltctl. Commands and options are asked of ltctl's own help, so that they can never
# disagree with the program; nothing is asked of a broker.

# The commands, one a line, as words: "agency key add".
_ltctl_commands()
{
    ltctl --help --lang en 2>/dev/null |
        sed -n -e '/^Options/q' -e 's/^  \([a-z][a-z ]*[a-z]\)   *[^ ].*$/\1/p'
}

# The options a command takes, from its usage, and those of every command.
_ltctl_options()
{
    {
        if [ -n "$1" ]; then
            # shellcheck disable=SC2086 # the words of a command are words
            ltctl $1 --help --lang en 2>/dev/null | sed -n -e '3,/^$/p'
        fi
        ltctl --help --lang en 2>/dev/null | sed -n -e '/^Options/,$p'
    } | grep -oE -- '--[a-z][a-z-]*' | sort -u
}

_ltctl()
{
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local words=() word command="" line next=""
    COMPREPLY=()

    case $before in
    --config | --key | --server-key | --public-key | --codes | --ids | --data)
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
        ;;
    --lang)
        mapfile -t COMPREPLY < <(compgen -W "vi en" -- "$current")
        return
        ;;
    --group)
        mapfile -t COMPREPLY < <(compgen -W "code who agency reason" -- "$current")
        return
        ;;
    --state)
        mapfile -t COMPREPLY < <(compgen -W "ready sent behind backoff held parked taken refused \
            expired cancelled" -- "$current")
        return
        ;;
    --result)
        mapfile -t COMPREPLY < <(compgen -W "waiting sent-again taken refused parked-again ended \
            passed-over moved joined" -- "$current")
        return
        ;;
    --endpoint | --timeout | --agency | --from | --to | --case | --procedure | --locality | --since | \
        --until | --limit | --code | --leg | --reason | --every | --name | --contact | \
        --successor | --rate | --quota-mib | --deny | --kind | --pace | --stop | --purpose | --person | \
        --kinds | --procedures)
        return
        ;;
    esac

    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        [[ $word == -* ]] || words+=("$word")
    done

    # The longest command whose words are there, and the words that may come next.
    while IFS= read -r line; do
        if [[ "${words[*]} " == "$line "* && ${#line} -gt ${#command} ]]; then
            command=$line
        fi
        if [ ${#words[@]} -eq 0 ]; then
            next+=" ${line%% *}"
        elif [[ "$line" == "${words[*]} "* ]]; then
            line=${line#"${words[*]} "}
            next+=" ${line%% *}"
        fi
    done < <(_ltctl_commands)

    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_ltctl_options "$command")" -- "$current")
    elif [ -n "$next" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$next" -- "$current" | sort -u)
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
    fi
}

complete -o filenames -F _ltctl ltctl
