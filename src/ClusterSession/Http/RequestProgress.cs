using ClusterSession.Stores;
using ClusterSession.Stores.Outage;
using Microsoft.AspNetCore.Http.Features;

namespace ClusterSession.Http;

/// <summary>
/// How far a request has come with its session: its runs, its headers, its commits, and how long it
/// has waited for the store.
/// </summary>
/// <remarks>
/// <code>
/// first run of the pipeline  attached: feature set, callbacks "headers are leaving" and
///                            "completed" registered
/// run ends                   what changed is committed; the object stays, because callbacks may
///                            change it further
/// another run                the same object, with the access of the endpoint that runs (an error
///                            page)
/// headers are leaving        what callbacks changed is committed; the cookie is decided
/// completed                  detached: no session any more
/// </code>
/// One bit for each fact, because every request has one of these.
/// </remarks>
internal struct RequestProgress
{
    private StoreBudget _budget;
    private Facts _facts;

    [Flags]
    private enum Facts : ushort
    {
        BroughtCookie = 1,
        ReadOnly = 2,
        Prolongs = 4,
        Attached = 8,
        Running = 16,
        HeadersLeft = 32,
        Completed = 64,
        Rejected = 128,
        Committed = 256,
        Used = 512,
        Changed = 1024,
    }

    /// <summary>When a commit of this request counts as done.</summary>
    public SessionDurability Durability { get; set; }

    /// <summary>The body when this run of the pipeline came by.</summary>
    public IHttpResponseBodyFeature? BodyAtRun { get; private set; }

    /// <summary>Whether the request came with a cookie of this name, of whatever value.</summary>
    public bool BroughtCookie
    {
        readonly get => Has(Facts.BroughtCookie);
        set => Set(Facts.BroughtCookie, value);
    }

    /// <summary>Whether the endpoint of the run may only read the session.</summary>
    public readonly bool IsReadOnly => Has(Facts.ReadOnly);

    /// <summary>
    /// Whether the run is a use of its session, when it opens it and when it ends.
    /// </summary>
    public readonly bool Prolongs => Has(Facts.Prolongs);

    /// <summary>Whether the request has been given its session.</summary>
    public bool IsAttached
    {
        readonly get => Has(Facts.Attached);
        set => Set(Facts.Attached, value);
    }

    /// <summary>Whether a run of the pipeline is under way.</summary>
    public readonly bool IsRunning => Has(Facts.Running);

    /// <summary>
    /// Whether nothing of the headers can be changed any more. Not <c>HasStarted</c>, which is true
    /// on HTTP.sys while the callbacks before the headers run, and false on other servers.
    /// </summary>
    public bool HaveHeadersLeft
    {
        readonly get => Has(Facts.HeadersLeft);
        set => Set(Facts.HeadersLeft, value);
    }

    /// <summary>Whether the request has completed, so that it has no session any more.</summary>
    public bool IsCompleted
    {
        readonly get => Has(Facts.Completed);
        set => Set(Facts.Completed, value);
    }

    /// <summary>
    /// Whether the request is answered with a 503: its session could not be opened or committed.
    /// </summary>
    public bool IsRejected
    {
        readonly get => Has(Facts.Rejected);
        set => Set(Facts.Rejected, value);
    }

    /// <summary>Whether the request has changed something in the store already.</summary>
    public bool HasCommitted
    {
        readonly get => Has(Facts.Committed);
        set => Set(Facts.Committed, value);
    }

    /// <summary>Whether the application has read or changed attributes.</summary>
    public bool IsUsed
    {
        readonly get => Has(Facts.Used);
        set => Set(Facts.Used, value);
    }

    /// <summary>Whether the application has changed the session.</summary>
    public bool IsChanged
    {
        readonly get => Has(Facts.Changed);
        set => Set(Facts.Changed, value);
    }

    /// <summary>Whether no run can change the session any more.</summary>
    public readonly bool IsOver => IsCompleted || (!IsRunning && HaveHeadersLeft);

    /// <summary>The endpoint of this run says how it uses the session.</summary>
    public void Use(SessionAccessAttribute? access, SessionDurability durability)
    {
        Set(Facts.ReadOnly, access?.Concurrency == SessionConcurrency.ReadOnly);
        Set(Facts.Prolongs, access?.Prolongs ?? true);
        Durability = access?.DurabilityIfSet ?? durability;
    }

    /// <summary>
    /// What is certain of the request as a whole where one of its commits failed: if another one
    /// has happened before, repeating the request may do that twice.
    /// </summary>
    public readonly StoreFailure FailureOfRequest(StoreFailure failure) =>
        HasCommitted ? StoreFailure.Unknown : failure;

    /// <summary>A run of the pipeline begins.</summary>
    public void BeginRun(IHttpResponseBodyFeature? body)
    {
        BodyAtRun = body;
        Set(Facts.Running, true);
    }

    /// <summary>The run has ended.</summary>
    public void EndRun() => Set(Facts.Running, false);

    /// <summary>Refuses what comes after the last run.</summary>
    public readonly void ThrowIfOver()
    {
        if (IsOver)
        {
            throw new InvalidOperationException(
                "The request of this session has ended. Change the session before the request ends; "
                    + "work that goes on after it has no session."
            );
        }
    }

    /// <summary>
    /// The request begins to wait for the store. After the headers have left nobody waits for this
    /// request as a whole any more, and it may go on for hours: from then on each commit may take
    /// as long as a request.
    /// </summary>
    public readonly StoreDeadline BeginWaiting(TimeProvider time, TimeSpan limit) =>
        HaveHeadersLeft ? new StoreDeadline(time, limit) : _budget.Begin(time, limit);

    /// <summary>The request waits no longer.</summary>
    public void EndWaiting(in StoreDeadline deadline, TimeSpan limit)
    {
        if (!HaveHeadersLeft)
        {
            _budget.End(deadline, limit);
        }
    }

    private readonly bool Has(Facts fact) => (_facts & fact) != 0;

    private void Set(Facts fact, bool isSo) => _facts = isSo ? _facts | fact : _facts & ~fact;
}
