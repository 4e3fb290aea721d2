using System.CommandLine;
using ClusterSession.Cli.Output;
using ClusterSession.Cli.Shell;

namespace ClusterSession.Cli.Commands;

/// <summary>Prints the script with which a shell completes commands and options.</summary>
internal static class CompletionCommand
{
    private const string Bash = """
        # cluster-session completion bash > /etc/bash_completion.d/cluster-session
        _cluster_session() {
            local line="${COMP_LINE#* }"
            local point=$((COMP_POINT - (${#COMP_LINE} - ${#line})))
            local IFS=$'\n'
            COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "[suggest:$point]" "$line" 2>/dev/null)" -- "$2"))
        }
        complete -o default -F _cluster_session cluster-session
        """;

    private const string Zsh = """
        #compdef cluster-session
        # cluster-session completion zsh > "${fpath[1]}/_cluster-session"
        _cluster_session() {
            local line="${words[2,CURRENT]}"
            local -a found
            found=("${(@f)$(cluster-session "[suggest:${#line}]" "$line" 2>/dev/null)}")
            compadd -- "${found[@]}"
        }
        compdef _cluster_session cluster-session
        """;

    private const string PowerShell = """
        # cluster-session completion pwsh >> $PROFILE
        Register-ArgumentCompleter -Native -CommandName cluster-session -ScriptBlock {
            param($wordToComplete, $commandAst, $cursorPosition)
            $text = $commandAst.ToString().PadRight($cursorPosition).Substring(0, $cursorPosition)
            $line = $text -replace '^\S+\s', ''
            cluster-session "[suggest:$($line.Length)]" "$line" 2>$null |
                Where-Object { $_ -like "$wordToComplete*" } |
                ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
        }
        """;

    public static Command Create(FormatOption format, Terminal terminal)
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh or pwsh.", HelpName = "bash|zsh|pwsh" };
        shell.AcceptOnlyFromAmong("bash", "zsh", "pwsh");
        var command = new Command("completion", "Prints the script with which a shell completes this tool's commands.")
        {
            shell,
        };
        command.SetAction(
            async (parsed, _) =>
            {
                var name = parsed.GetValue(shell)!;
                var script = name switch
                {
                    "bash" => Bash,
                    "zsh" => Zsh,
                    _ => PowerShell,
                };
                await format
                    .PrintAsync(parsed, terminal, script + "\n", () =>
                        CommandJson.Text(new CompletionReport(name, script))
                    )
                    .ConfigureAwait(false);
                return ExitCode.Done;
            }
        );
        return command;
    }
}
