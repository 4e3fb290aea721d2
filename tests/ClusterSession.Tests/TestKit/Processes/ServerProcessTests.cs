using System.Globalization;
using Xunit;

namespace ClusterSession.Tests.TestKit.Processes;

public sealed class ServerProcessTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Process_id_is_that_of_the_server_in_a_session_of_its_own()
    {
        await using var server = await ServerProcess.StartAsync("sleep", ["60"], _directory.Path);
        await server.ReadyAsync(() => Task.FromResult(Status(server.Pid)[1] == "(sleep)"));

        Assert.Equal(server.Pid.ToString(CultureInfo.InvariantCulture), Status(server.Pid)[5]);
        await server.Kill9Async();
        Assert.True(server.HasExited);
    }

    [Fact]
    public async Task Program_that_ends_at_once_is_reported_with_its_last_words()
    {
        await using var server = await ServerProcess.StartAsync(
            "sh",
            ["-c", "echo first; echo $WORDS >&2; exit 3"],
            _directory.Path,
            new Dictionary<string, string> { ["WORDS"] = "no port" }
        );

        var failure = await Assert.ThrowsAsync<ServerProcessException>(() =>
            server.ReadyAsync(() => Task.FromResult(false))
        );

        Assert.Equal("sh ended with 3 instead of starting. Its output:\nfirst\nno port", failure.Message);
        Assert.Equal(3, server.ExitCode);
    }

    [Fact]
    public async Task Two_servers_in_one_directory_keep_their_output_apart()
    {
        await using var one = await ServerProcess.StartAsync("sh", ["-c", "echo one; exec sleep 60"], _directory.Path);
        await using var other = await ServerProcess.StartAsync(
            "sh",
            ["-c", "echo other; exec sleep 60"],
            _directory.Path
        );

        await one.ReadyAsync(() => Task.FromResult(one.Output == "one\n"));
        await other.ReadyAsync(() => Task.FromResult(other.Output == "other\n"));
    }

    [Fact]
    public async Task Stopped_server_stays_stopped_until_it_is_continued()
    {
        await using var server = await ServerProcess.StartAsync("sleep", ["60"], _directory.Path);
        await server.ReadyAsync(() => Task.FromResult(Status(server.Pid)[1] == "(sleep)"));

        server.Stop();
        Assert.Equal("T", Status(server.Pid)[2]);
        server.Continue();
        await Condition.HoldsAsync(() => Status(server.Pid)[2] == "S");
    }

    [Fact]
    public async Task Program_that_is_not_installed_is_named() =>
        Assert.Contains(
            "'no-such-server' is not installed",
            (
                await Assert.ThrowsAsync<ServerProcessException>(() =>
                    ServerProcess.StartAsync("no-such-server", [], _directory.Path)
                )
            ).Message,
            StringComparison.Ordinal
        );

    /// <summary>Fields of proc(5): id, name, state, parent, group, session.</summary>
    private static string[] Status(int pid) => File.ReadAllText($"/proc/{pid}/stat").Split(' ');
}
