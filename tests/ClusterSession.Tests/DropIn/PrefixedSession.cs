using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http;

namespace ClusterSession.Tests.DropIn;

/// <summary>
/// An application's wrapper around the session, as modules with names of their own have.
/// </summary>
internal sealed class PrefixedSession(ISession inner) : ISession
{
    public bool IsAvailable => inner.IsAvailable;

    public string Id => inner.Id;

    public IEnumerable<string> Keys => inner.Keys;

    public Task LoadAsync(CancellationToken cancellationToken = default) => inner.LoadAsync(cancellationToken);

    public Task CommitAsync(CancellationToken cancellationToken = default) => inner.CommitAsync(cancellationToken);

    public bool TryGetValue(string key, [NotNullWhen(true)] out byte[]? value) =>
        inner.TryGetValue("my-" + key, out value);

    public void Set(string key, byte[] value) => inner.Set("my-" + key, value);

    public void Remove(string key) => inner.Remove("my-" + key);

    public void Clear() => inner.Clear();
}
