using ClusterSession.Stores;

namespace ClusterSession.Revoking;

/// <summary>A reading that several requests wait for.</summary>
internal sealed class RevocationReading(long since)
{
    private readonly TaskCompletionSource<StoreFailure> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _hasFailed;

    public long Since { get; } = since;

    public Task<StoreFailure> Done => _done.Task;

    public bool HasFailed => _hasFailed;

    public async Task RunAsync(Task<StoreFailure> reading)
    {
        try
        {
            var failure = await reading.ConfigureAwait(false);
            _hasFailed = failure != StoreFailure.None;
            _done.SetResult(failure);
        }
        catch (Exception failure)
        {
            _done.SetException(failure);
        }
    }
}
