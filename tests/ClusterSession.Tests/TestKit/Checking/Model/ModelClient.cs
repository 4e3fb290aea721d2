using ClusterSession.Histories;

namespace ClusterSession.Tests.TestKit.Checking.Model;

/// <summary>A client of the model: its cookie jar and what it does next.</summary>
internal sealed class ModelClient(int number, ClientKind kind, ModelSession session)
{
    public int Number => number;

    public ClientKind Kind => kind;

    public ModelSession Session { get; set; } = session;

    public int Token { get; set; }

    public int Generation { get; set; }

    public int Requests { get; set; }

    public int Left { get; set; }

    public List<string> OwnEntries { get; } = [];
}
