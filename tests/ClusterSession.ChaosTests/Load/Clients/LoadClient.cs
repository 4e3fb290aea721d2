using ClusterSession.Histories;

namespace ClusterSession.ChaosTests.Load.Clients;

/// <summary>
/// What all clients share: a number, a seed of its own, and a way to choose nodes.
/// </summary>
internal abstract class LoadClient
{
    private readonly ClientKind _kind;
    private int _request;
    private int _nextNode;

    protected LoadClient(LoadProgram program, int number, ClientKind kind)
    {
        _kind = kind;
        _nextNode = number;
        Program = program;
        Number = number;
        Random = new Random((program.Plan.Seed * 7919) + number);
    }

    protected LoadProgram Program { get; }

    protected LoadPlan Plan => Program.Plan;

    protected int Number { get; }

    // Not shared between tasks: drawn only between two requests of this client.
    protected Random Random { get; }

    protected bool IsDone => Program.Stopping.IsCancellationRequested || _request >= Plan.RequestsPerClient;

    public abstract Task RunAsync();

    protected int NextRequestNumber() => _request++;

    protected async Task<HistoryEvent> SendAsync(int request, JarState sent, CookieJar? jar, IReadOnlyList<Op> ops)
    {
        var result = await Program.Sender.SendAsync(Number, _kind, request, sent, jar, ChooseNode(), ops);
        if (result.Result != RequestResult.Ok)
        {
            _nextNode++; // what a balancer does: the next one, please
        }
        return result;
    }

    protected async Task ThinkAsync()
    {
        var pause = Plan.Think * Random.NextDouble();
        if (pause > TimeSpan.Zero && !IsDone)
        {
            await Task.Delay(pause);
        }
    }

    private NodeAddress ChooseNode() =>
        Plan.Nodes[(Plan.Affinity == Affinity.Sticky ? _nextNode : Random.Next(Plan.Nodes.Count)) % Plan.Nodes.Count];
}
