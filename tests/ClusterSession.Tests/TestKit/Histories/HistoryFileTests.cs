using System.Text;
using ClusterSession.Histories;
using ClusterSession.Tests.TestKit.Checking.Model;
using Xunit;

namespace ClusterSession.Tests.TestKit.Histories;

public sealed class HistoryFileTests
{
    [Fact]
    public async Task What_is_written_is_read_back_whole()
    {
        var history = HistoryModel.Generate(1) with
        {
            Run = new RunInfo
            {
                Name = "n",
                Seed = 42,
                Nodes = ["A"],
                Durability = "Local",
                PlannedFaults = ["kill"],
            },
            Faults =
            [
                new FaultEvent
                {
                    Kind = "kill",
                    Target = "A",
                    Layer = FaultLayer.Node,
                    StartNs = 1,
                    EndNs = 2,
                    Confirmed = true,
                    Note = "x",
                },
            ],
        };
        using var stream = new MemoryStream();

        await HistoryFile.WriteAsync(history, stream);
        var text = Encoding.UTF8.GetString(stream.ToArray());
        stream.Position = 0;
        var back = await HistoryFile.ReadAsync(stream);

        using var again = new MemoryStream();
        await HistoryFile.WriteAsync(back, again);
        Assert.Equal(text, Encoding.UTF8.GetString(again.ToArray()));
        Assert.Equal(history.Events.Select(e => e.ToString()), back.Events.Select(e => e.ToString()));
        Assert.Equal(history.Faults, back.Faults);
        Assert.Equal(42, back.Run.Seed);
        Assert.Equal(history.Events.Count + 2, text.Count(c => c == '\n'));
    }

    [Fact]
    public async Task Properties_of_a_newer_version_are_ignored()
    {
        var back = await ReadAsync(
            """
            {"run":{"name":"n","seed":1,"invented":true}}
            {"event":{"client":1,"session":2,"request":3,"node":"A","invokeNs":5,"completeNs":6,"result":"info","ops":[{"kind":"append","key":"e:x","value":"x"}],"later":1}}
            """
        );
        var request = Assert.Single(back.Events);
        Assert.Equal(RequestResult.Info, request.Result);
        Assert.Equal(OpKind.Append, request.Ops[0].Kind);
        Assert.Equal(long.MaxValue, request.EffectEndNs);
    }

    [Fact]
    public async Task A_damaged_line_is_named()
    {
        var error = await Assert.ThrowsAsync<InvalidDataException>(() =>
            ReadAsync("{\"run\":{\"name\":\"n\",\"seed\":1}}\n{\"event\":{\"cli")
        );
        Assert.Contains("Line 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_history_without_its_head_is_not_whole()
    {
        await Assert.ThrowsAsync<InvalidDataException>(() => ReadAsync(""));
    }

    private static Task<History> ReadAsync(string text) =>
        HistoryFile.ReadAsync(new MemoryStream(Encoding.UTF8.GetBytes(text)));
}
