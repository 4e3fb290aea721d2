using System.Collections;
using ClusterSession.Cli.Watching;

namespace ClusterSession.Cli.Tests.Watching;

/// <summary>Something happens when it is read, as while a thread pauses.</summary>
internal sealed class ReadList(IReadOnlyList<ServerState> servers) : IReadOnlyList<ServerState>
{
    public Action Reading { get; set; } = static () => { };

    public int Count => servers.Count;

    public ServerState this[int index] => servers[index];

    public IEnumerator<ServerState> GetEnumerator()
    {
        Reading();
        return servers.GetEnumerator();
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
