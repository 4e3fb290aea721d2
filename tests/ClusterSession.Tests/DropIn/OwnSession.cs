using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http;

namespace ClusterSession.Tests.DropIn;

/// <summary>A session that an application made itself.</summary>
internal sealed class OwnSession : ISession
{
    private readonly Dictionary<string, byte[]> _values = [];

    /// <summary>The names that were there when it was committed last.</summary>
    public string Committed { get; private set; } = "nothing";

    public bool IsAvailable => true;

    public string Id => "own";

    public IEnumerable<string> Keys => _values.Keys;

    public Task LoadAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

    public Task CommitAsync(CancellationToken cancellationToken = default)
    {
        Committed = string.Join(',', _values.Keys.Order());
        return Task.CompletedTask;
    }

    public bool TryGetValue(string key, [NotNullWhen(true)] out byte[]? value) => _values.TryGetValue(key, out value);

    public void Set(string key, byte[] value) => _values[key] = value;

    public void Remove(string key) => _values.Remove(key);

    public void Clear() => _values.Clear();
}
