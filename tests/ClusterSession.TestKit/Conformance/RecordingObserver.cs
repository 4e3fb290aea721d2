using System.Collections.Concurrent;
using ClusterSession.Records;
using ClusterSession.Stores;

namespace ClusterSession.TestKit.Conformance;

/// <summary>Remembers which sessions and documents a store said were changed by others.</summary>
public sealed class RecordingObserver : IStoreObserver
{
    private readonly ConcurrentDictionary<SessionKey, int> _told = new();
    private readonly ConcurrentDictionary<string, int> _toldDocuments = new();

    public void OnChanged(SessionKey key) => _told.AddOrUpdate(key, 1, static (_, count) => count + 1);

    public void OnDocumentChanged(string name) => _toldDocuments.AddOrUpdate(name, 1, static (_, count) => count + 1);

    public bool WasToldOfDocument(string name) => _toldDocuments.ContainsKey(name);

    public void ForgetDocument(string name) => _toldDocuments.TryRemove(name, out _);

    public bool WasTold(SessionKey key) => _told.ContainsKey(key);

    public void Forget(SessionKey key) => _told.TryRemove(key, out _);
}
