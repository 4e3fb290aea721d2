using ClusterSession.Http.Cookies;
using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.Stores;
using Microsoft.AspNetCore.Http;

namespace ClusterSession.Http;

/// <summary>
/// Which session cookie a response carries. The request says what it would need; what is true is
/// decided when the headers leave, because another request may have rotated, destroyed or changed
/// the session by then.
/// </summary>
/// <remarks>
/// <code>
/// needed because       the cookie is written when the headers leave, unless
/// -------------------  ---------------------------------------------------------------------------
/// Destroy (a deletion  the request brought no cookie, or the response names another living session
///   is written)
/// Commit               the session has ended meanwhile: this node knows it, or learns it from the
///                      store, which it asks where the commit is older than a second or another
///                      node has changed the session since
/// Version (the client  the same; or the application did not use the session; or the headers leave
///   is shown more      more than a second after the open and the store is unreachable
///   than it knows of)
/// Age (of the key, or  the application did not use the session; this node has no fresh copy of it
///   of the cookie)     (also: another node has changed it); the response has a cookie of that
///                      name already; the headers leave more than a second after the open; or a
///                      shared cache may keep the response. A node without local copies asks the
///                      store
/// </code>
/// The newest version known here is named, so that a slow response does not take a client back.
/// A record that the store answers here becomes the local copy before the cookie names its version:
/// else the client would know more than its node, which would answer 503 once the store is
/// unreachable. A cookie of the same name that is in the response already (a gateway's backend
/// wrote it) stays if it names another living session, or the same one at least as new; a deletion
/// stays unless the session began in this request. A response that carries a cookie leaves as
/// private. Not chosen: deleting the cookie of a session that is missing. The deletion may arrive
/// after the cookie of a login that another request has begun meanwhile. A dead cookie costs one
/// read where it comes back. Not promised: two responses that cross on the wire. The client keeps
/// the cookie that arrives last.
/// </remarks>
internal sealed class ResponseCookie(HttpContext context, RequestSessionServices services)
{
    private static readonly TimeSpan Recent = TimeSpan.FromSeconds(1);

    private Reason _reasons;
    private CookieTarget _target;
    private long _since;
    private bool _hasBegun;
    private bool _isWritten;

    [Flags]
    private enum Reason
    {
        None = 0,
        Age = 1,
        Version = 2,
        Commit = 4,
        Destroy = 8,
    }

    /// <summary>
    /// The request has committed, begun or rotated a session: its client must learn of it.
    /// </summary>
    public void Name(in CookieTarget target, bool hasBegun)
    {
        _target = target;
        _hasBegun |= hasBegun;
        _since = services.Time.GetTimestamp();
        _reasons = Reason.Commit;
    }

    /// <summary>The client is shown more than its cookie knows of.</summary>
    public void Renew(in CookieTarget target) => Renew(target, Reason.Version);

    /// <summary>
    /// The cookie's key is being retired, or the cookie itself would expire at the client.
    /// </summary>
    public void RenewAged(in CookieTarget target) => Renew(target, Reason.Age);

    /// <summary>The application has destroyed the session.</summary>
    public void Delete()
    {
        _reasons = Reason.Destroy;
        _hasBegun = false;
    }

    /// <summary>The client keeps the cookie it has, or gets from another response.</summary>
    public void Keep() => _reasons = Reason.None;

    /// <summary>
    /// The headers are leaving. May be called again for what callbacks that run later have changed.
    /// </summary>
    /// <param name="mayRenew">Whether the application has used the session that the client is to
    /// keep.</param>
    /// <param name="broughtCookie">Whether the client has a cookie that could be deleted.</param>
    public ValueTask WriteAsync(bool mayRenew, bool broughtCookie)
    {
        if ((_reasons & Reason.Destroy) != 0)
        {
            return DeleteAsync(broughtCookie);
        }

        if ((_reasons & Reason.Commit) != 0 || (mayRenew && (_reasons & Reason.Version) != 0))
        {
            return NameAsync();
        }

        if (mayRenew && _reasons == Reason.Age && CacheHeaders.IsKeptByNoSharedCache(context.Response.Headers))
        {
            return RenewAgedAsync();
        }

        if (_isWritten)
        {
            CacheHeaders.MakePrivate(context.Response.Headers); // A callback outside of ours may have said otherwise.
        }

        return ValueTask.CompletedTask;
    }

    private void Renew(in CookieTarget target, Reason reason)
    {
        if ((_reasons & (Reason.Commit | Reason.Destroy)) == 0)
        {
            _target = target;
            _since = services.Time.GetTimestamp();
            _reasons |= reason;
        }
    }

    private bool IsRecent => services.Time.GetElapsedTime(_since) <= Recent;

    private ValueTask RenewAgedAsync()
    {
        var freshness = services.View.Look(_target.Key, _target.Version, out var newest);
        if (!IsRecent || services.SetCookie.Find(context.Response, out _).Result != CookieResult.None)
        {
            return ValueTask.CompletedTask;
        }

        switch (freshness)
        {
            case Freshness.Fresh:
                Write(_target with { Version = newest });
                break;
            case Freshness.Unknown when services.Options.LocalCopies is { MaxCount: 0 } or { MaxBytes: 0 }:
                return AskAndNameAsync(newest, CookieReading.None, isDeletion: false, mustAsk: true);
        }

        return ValueTask.CompletedTask;
    }

    private ValueTask NameAsync()
    {
        var freshness = services.View.Look(_target.Key, _target.Version, out var newest);
        if (freshness == Freshness.Ended)
        {
            _reasons = Reason.None;
            return ValueTask.CompletedTask;
        }

        var present = services.SetCookie.Find(context.Response, out var isDeletion);
        if (freshness == Freshness.Changed || !IsRecent || present.Result != CookieResult.None)
        {
            return AskAndNameAsync(newest, present, isDeletion, mustAsk: freshness == Freshness.Changed || !IsRecent);
        }

        Write(_target with { Version = newest });
        return ValueTask.CompletedTask;
    }

    private async ValueTask AskAndNameAsync(SessionVersion newest, CookieReading present, bool isDeletion, bool mustAsk)
    {
        var isRenewal = (_reasons & Reason.Commit) == 0;
        _reasons = Reason.None;
        if (isDeletion && !_hasBegun)
        {
            return; // The application, or the backend behind this gateway, has ended the session for this client.
        }

        if (present.Result == CookieResult.Valid)
        {
            var isSame = present.Key == _target.Key;
            if (isSame ? present.Seen >= newest : await IsAliveAsync(present).ConfigureAwait(false))
            {
                _isWritten = true;
                CacheHeaders.MakePrivate(context.Response.Headers);
                return;
            }
        }

        if (mustAsk)
        {
            var mark = services.View.Mark(_target.Key);
            var read = await ReadAsync(_target.Key, newest).ConfigureAwait(false);
            if (
                read.Outcome == StoreReadOutcome.Destroyed
                || (isRenewal && !IsRecent && read.Outcome == StoreReadOutcome.Unavailable)
            )
            {
                return;
            }

            if (read.Record is { } record && record.Contains(newest))
            {
                services.View.Publish(_target.Key, read, mark);
                newest = record.Version;
            }
        }

        services.SetCookie.TakeBack(context.Response);
        Write(_target with { Version = newest });
    }

    private async ValueTask DeleteAsync(bool broughtCookie)
    {
        _reasons = Reason.None;
        var present = services.SetCookie.Find(context.Response, out _);
        if (present.Result == CookieResult.Valid && await IsAliveAsync(present).ConfigureAwait(false))
        {
            return;
        }

        services.SetCookie.TakeBack(context.Response);
        if (broughtCookie)
        {
            services.SetCookie.Delete(context);
            _isWritten = true;
            CacheHeaders.MakePrivate(context.Response.Headers);
        }
    }

    /// <summary>
    /// Whether the session that another cookie in this response names still lives.
    /// </summary>
    private async ValueTask<bool> IsAliveAsync(CookieReading other) =>
        services.View.Look(other.Key, other.Seen, out _) switch
        {
            Freshness.Fresh => true,
            Freshness.Ended => false,
            _ => (await ReadAsync(other.Key, other.Seen).ConfigureAwait(false)).Outcome
                is not (StoreReadOutcome.Destroyed or StoreReadOutcome.Missing),
        };

    private ValueTask<StoreRead> ReadAsync(SessionKey key, SessionVersion known) =>
        services.Store.ReadAsync(key, known, new StoreDeadline(services.Time, services.Options.Outage.SoftTimeout));

    private void Write(in CookieTarget target)
    {
        _reasons = Reason.None;
        _isWritten = true;
        services.SetCookie.Append(context, target);
        CacheHeaders.MakePrivate(context.Response.Headers);
        services.CookieSent(target.Key);
    }
}
