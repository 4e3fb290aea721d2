using ClusterSession.Committing;
using ClusterSession.Diagnostics;
using ClusterSession.Http;
using ClusterSession.Opening;
using ClusterSession.Stores;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http;

namespace ClusterSession.Tickets;

/// <summary>
/// The logins of one cookie scheme, in the store that sessions are in.
/// </summary>
/// <remarks>
/// The framework knows one key for a request, the one that its cookie named, and renews it at a
/// sign-in too. Here a sign-in is a new login under a new key (<see
/// cref="TicketRequest.IsSigningIn"/>), and <see cref="TicketCookieManager"/> writes that. All
/// operations ignore that the request was aborted: a tab that is closed must not cancel a sign-out.
/// <see cref="TicketRecords"/> is resolved at the first use and not before: its options ask for the
/// options of the cookie schemes, and this store is a part of those.
/// </remarks>
internal sealed class ClusterTicketStore(
    TicketScheme scheme,
    CookieAuthenticationOptions options,
    Func<TicketRecords> tickets
) : ITicketStore
{
    /// <summary>How many sign-ins within the grace are followed one after the other.</summary>
    private const int MaxSteps = 4;

    private TicketRecords Tickets => field ??= tickets();

#pragma warning disable CA2016 // A store ends operations by its own limits, and no login is left half done.
    public Task<string> StoreAsync(AuthenticationTicket ticket) => StoreAsync(ticket, null);

    public Task<string> StoreAsync(AuthenticationTicket ticket, CancellationToken cancellationToken) =>
        StoreAsync(ticket, null);

    public Task<string> StoreAsync(
        AuthenticationTicket ticket,
        HttpContext httpContext,
        CancellationToken cancellationToken
    ) => StoreAsync(ticket, httpContext);

    public Task RenewAsync(string key, AuthenticationTicket ticket) => RenewAsync(key, ticket, null);

    public Task RenewAsync(string key, AuthenticationTicket ticket, CancellationToken cancellationToken) =>
        RenewAsync(key, ticket, null);

    public Task RenewAsync(
        string key,
        AuthenticationTicket ticket,
        HttpContext httpContext,
        CancellationToken cancellationToken
    ) => RenewAsync(key, ticket, httpContext);

    public Task<AuthenticationTicket?> RetrieveAsync(string key) => RetrieveAsync(key, null);

    public Task<AuthenticationTicket?> RetrieveAsync(string key, CancellationToken cancellationToken) =>
        RetrieveAsync(key, null);

    public Task<AuthenticationTicket?> RetrieveAsync(
        string key,
        HttpContext httpContext,
        CancellationToken cancellationToken
    ) => RetrieveAsync(key, httpContext);

    public Task RemoveAsync(string key) => RemoveAsync(key, null);

    public Task RemoveAsync(string key, CancellationToken cancellationToken) => RemoveAsync(key, null);

    public Task RemoveAsync(string key, HttpContext httpContext, CancellationToken cancellationToken) =>
        RemoveAsync(key, httpContext);
#pragma warning restore CA2016

    private async Task<string> StoreAsync(AuthenticationTicket ticket, HttpContext? request)
    {
        if (MustCookieBeWhole(request))
        {
            return (await CreateWholeAsync(ticket, request!, Tickets.Deadline()).ConfigureAwait(false)).Reveal();
        }

        var key = await Tickets.CreateAsync(scheme, ticket, request, Tickets.Deadline()).ConfigureAwait(false);
        TicketRequest.Find(request)?.WriteAsItIs(scheme.Name);
        return key.Reveal();
    }

    /// <summary>
    /// The first of two steps of a rolling change: the cookie holds the whole ticket, which nodes
    /// without a ticket store read, and the ticket is stored under the key that is derived from
    /// that.
    /// </summary>
    private async Task<TicketKey> CreateWholeAsync(
        AuthenticationTicket ticket,
        HttpContext request,
        StoreDeadline deadline
    )
    {
        var text = ((TicketFormat)options.TicketDataFormat).ProtectWhole(
            ticket,
            TicketReference.TlsTokenBinding(request)
        );
        var key = TicketKey.Of(text);
        await Tickets.CreateAsync(scheme, key, ticket, request, deadline).ConfigureAwait(false);
        TicketRequest.Of(request).WriteWhole(scheme.Name, text);
        return key;
    }

    private bool MustCookieBeWhole(HttpContext? request) =>
        request is not null && Tickets.AreCookiesWhole && options.TicketDataFormat is TicketFormat;

    private async Task RenewAsync(string text, AuthenticationTicket ticket, HttpContext? request)
    {
        var deadline = Tickets.Deadline();
        if (TicketRequest.Find(request) is { IsSigningIn: true } signIn)
        {
            await SignInAgainAsync(text, ticket, request!, signIn, deadline).ConfigureAwait(false);
        }
        else if (await SlideAsync(text, ticket, request, deadline).ConfigureAwait(false) is not { } key)
        {
            // The login has ended, or was not renewed. Its cookie is not written: in the browser it
            // would take the place of another login's.
            Write(request, null);
        }
        else if (MustCookieBeWhole(request))
        {
            // The cookie says when the login expires, so that it is another one, and another key.
            await SignInAgainAsync(text, ticket, request!, TicketRequest.Of(request!), deadline).ConfigureAwait(false);
        }
        else if (key != text)
        {
            Write(request, key);
        }
    }

    private async Task SignInAgainAsync(
        string text,
        AuthenticationTicket ticket,
        HttpContext request,
        TicketRequest signIn,
        StoreDeadline deadline
    )
    {
        var earlier = KeysOf(text, signIn).ToArray();
        var created = MustCookieBeWhole(request)
            ? await CreateWholeAsync(ticket, request, deadline).ConfigureAwait(false)
            : await Tickets.CreateAsync(scheme, ticket, request, deadline).ConfigureAwait(false);
        try
        {
            foreach (var key in earlier)
            {
                await Tickets
                    .SucceedAsync(scheme, key.Record, created, ticket, request, deadline)
                    .ConfigureAwait(false);
            }
        }
        catch (SessionUnavailableException)
        {
            _ = await Tickets.EndAsync(created.Record, deadline).ConfigureAwait(false);
            throw;
        }

        if (!MustCookieBeWhole(request))
        {
            signIn.Write(scheme.Name, created.Reveal());
        }
    }

    /// <summary>
    /// Renews the ticket under the key that it has by now. Returns that key; null if the ticket has
    /// ended, cannot be read, or could not be renewed.
    /// </summary>
    private async ValueTask<string?> SlideAsync(
        string text,
        AuthenticationTicket ticket,
        HttpContext? request,
        StoreDeadline deadline
    )
    {
        if (!TicketKey.TryParse(text, out var key))
        {
            return null;
        }

        (key, var reading) = await FollowAsync(key, deadline).ConfigureAwait(false);
        if (reading.Outcome != OpenOutcome.Opened)
        {
            return null;
        }

        var renewed = await Tickets
            .RenewAsync(scheme, key.Record, reading, ticket, request, deadline)
            .ConfigureAwait(false);
        return renewed.Outcome == CommitOutcome.Committed ? key.Reveal() : null;
    }

    private async Task<AuthenticationTicket?> RetrieveAsync(string text, HttpContext? request)
    {
        if (!TicketKey.TryParse(text, out var key))
        {
            return null;
        }

        var deadline = Tickets.Deadline();
        var reading = await Tickets.FindAsync(key.Record, deadline).ConfigureAwait(false);
        if (
            reading.Outcome == OpenOutcome.Missing
            && key.IsDerived
            && request is not null
            && await TakeOverAsync(key, request, deadline).ConfigureAwait(false)
        )
        {
            reading = await Tickets.FindAsync(key.Record, deadline).ConfigureAwait(false);
        }

        if (reading.Record is { } record && TicketRecords.TryFindNext(scheme, key.Record, record, out var next))
        {
            (key, reading) = await FollowAsync(next, deadline).ConfigureAwait(false);
            var followed = reading.Record is { } found ? Tickets.Read(scheme, key.Record, found) : null;
            if (request is not null && followed is not null && !Tickets.AreCookiesWhole)
            {
                NameNext(key, followed.Properties, request);
            }
        }

        if (reading.Outcome == OpenOutcome.Opened)
        {
            RequestRevocations.Find(request)?.Uses(key.Record);
        }

        return reading.Outcome switch
        {
            OpenOutcome.Opened => Tickets.Read(scheme, key.Record, reading.Record!),
            OpenOutcome.Unavailable => throw new SessionUnavailableException(
                $"The login could not be read: {FailureWords.Of(reading.Failure)}.",
                reading.Failure
            ),
            _ => null,
        };
    }

    /// <summary>The key that a login has by now, and what is there.</summary>
    private async ValueTask<(TicketKey Key, TicketReading Reading)> FollowAsync(TicketKey key, StoreDeadline deadline)
    {
        var reading = await Tickets.FindAsync(key.Record, deadline).ConfigureAwait(false);
        for (
            var step = 0;
            step < MaxSteps
                && reading.Record is { } record
                && TicketRecords.TryFindNext(scheme, key.Record, record, out var next);
            step++
        )
        {
            key = next;
            reading = await Tickets.FindAsync(key.Record, deadline).ConfigureAwait(false);
        }

        return (key, reading);
    }

    /// <summary>
    /// Stores the ticket that the cookie of the request holds, unless another request has done so
    /// meanwhile.
    /// </summary>
    private async ValueTask<bool> TakeOverAsync(TicketKey key, HttpContext request, StoreDeadline deadline)
    {
        if (
            options.TicketDataFormat is not TicketFormat format
            || options.CookieManager.GetRequestCookie(request, options.Cookie.Name!) is not { } cookie
            || TicketKey.Of(cookie).Record != key.Record
            || format.UnprotectWhole(cookie, TicketReference.TlsTokenBinding(request)) is not { } ticket
            || ticket.Properties.ExpiresUtc < options.TimeProvider!.GetUtcNow()
        )
        {
            return false;
        }

        var stored = await Tickets.TakeOverAsync(scheme, key.Record, ticket, request, deadline).ConfigureAwait(false);
        return stored.Outcome != CommitOutcome.Unavailable
            ? true
            : throw new SessionUnavailableException(
                $"The login could not be stored: {FailureWords.Of(stored.Failure)}.",
                stored.Failure
            );
    }

    private async Task RemoveAsync(string text, HttpContext? request)
    {
        var deadline = Tickets.Deadline();
        var hasEnded = true;
        foreach (var key in KeysOf(text, TicketRequest.Find(request)))
        {
            var (last, _) = await FollowAsync(key, deadline).ConfigureAwait(false);
            if (last.Record != key.Record)
            {
                hasEnded &= await Tickets.EndAsync(last.Record, deadline).ConfigureAwait(false);
            }

            hasEnded &= await Tickets.EndAsync(key.Record, deadline).ConfigureAwait(false);
        }

        if (!hasEnded && TicketRequest.Find(request) is { } marked)
        {
            marked.IsEndPending = true;
        }
    }

    /// <summary>
    /// The key that the request came with, and the one that a sign-in has given it since.
    /// </summary>
    private IEnumerable<TicketKey> KeysOf(string text, TicketRequest? request)
    {
        if (TicketKey.TryParse(text, out var key))
        {
            yield return key;
        }

        if (
            request is not null
            && request.MustChange(scheme.Name, out var later)
            && later is not null
            && TicketKey.TryParse(later, out var laterKey)
        )
        {
            yield return laterKey;
        }
    }

    /// <summary>
    /// Adds a cookie with the new key to the response of a request that came with the old one: the
    /// response to the sign-in may never have arrived at the browser. Nothing is added if the login
    /// has ended by then, or if this response writes or deletes the login cookie anyway.
    /// </summary>
    private void NameNext(TicketKey key, AuthenticationProperties properties, HttpContext context)
    {
        var request = TicketRequest.Of(context);
        var (isPersistent, expires) = (properties.IsPersistent, properties.ExpiresUtc);
        context.Response.OnStarting(async () =>
        {
            if (
                request.IsAnswered(scheme.Name)
                || await Tickets.FindAsync(key.Record, Tickets.Deadline()).ConfigureAwait(false)
                    is not { Outcome: OpenOutcome.Opened }
            )
            {
                return;
            }

            var cookie = options.Cookie.Build(context);
            cookie.Expires = isPersistent ? expires : null;
            request.Write(scheme.Name, key.Reveal());
            var text = TicketReference.Protect(key.Reveal(), scheme.Name, options, context);
            options.CookieManager.AppendResponseCookie(context, options.Cookie.Name!, text, cookie);
            context.Response.Headers.CacheControl = "no-cache,no-store";
        });
    }

    private void Write(HttpContext? request, string? key)
    {
        if (request is not null)
        {
            TicketRequest.Of(request).Write(scheme.Name, key);
        }
    }
}
