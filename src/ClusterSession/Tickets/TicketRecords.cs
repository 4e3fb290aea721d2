using System.Security.Cryptography;
using ClusterSession.Committing;
using ClusterSession.Diagnostics;
using ClusterSession.Http;
using ClusterSession.Http.SignIn;
using ClusterSession.Opening;
using ClusterSession.Principals;
using ClusterSession.Records;
using ClusterSession.Recovery;
using ClusterSession.Revoking;
using ClusterSession.Stores;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.Tickets;

/// <summary>
/// Tickets as records of the store that sessions are in: the same copies, commits, ends and
/// recovery.
/// </summary>
/// <remarks>
/// <code>
/// "\0principal"  whose it is, as of a session: EndAllAsync ends it
/// "\0until"      when it ends (RecordExpiry); no use prolongs it but a renewal
/// "\0ticket"     the ticket, protected for its scheme and key: the store and copies of it open
///                nothing elsewhere
/// "\0next"       of a login that the same person has renewed by signing in: the key it goes on
///                under, protected
/// </code>
/// Copies hold bytes only. Every request gets a ticket of its own: a transformation of claims would
/// else add to what all requests of the login share. Thread-safe.
/// </remarks>
internal sealed class TicketRecords(
    SessionOpener opener,
    SessionCommitter committer,
    SessionEnds ends,
    StoreRecovery recovery,
    Revocations revocations,
    RandomNumberGenerator random,
    IOptions<ClusterSessionOptions> options,
    TimeProvider time,
    ILogger<TicketRecords> logger
)
{
    private const string TicketName = "\0ticket";
    private const string NextName = "\0next";
    private const string Purpose = "ClusterSession.Ticket";
    private const int MaxCollisions = 8;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>
    /// For how long a key still leads to the login that took its place: requests that the browser
    /// had sent by then.
    /// </summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    private readonly LogRate _unreadable = new(time);
    private readonly LogRate _cut = new(time);

    /// <summary>Until when an operation of one request waits for the store.</summary>
    public StoreDeadline Deadline() => new(time, options.Value.Outage.HardTimeout);

    /// <summary>
    /// Looks for the record. While this node's copy is fresh the store is not asked.
    /// </summary>
    public ValueTask<TicketReading> FindAsync(SessionKey key, StoreDeadline deadline)
    {
        if (opener.TryOpenLocal(key, SessionVersion.None, out var copy))
        {
            copy.WasUsed = true;
            return new(new TicketReading(OpenOutcome.Opened, copy.Record, true, StoreFailure.None));
        }

        return OpenAsync(key, deadline);
    }

    /// <summary>
    /// The ticket that a record holds; null where it cannot be read, as after its keys were lost.
    /// </summary>
    public AuthenticationTicket? Read(TicketScheme scheme, SessionKey key, SessionRecord record)
    {
        if (!record.TryFind(TicketName, out var attribute) || !attribute.Exists)
        {
            return null;
        }

        try
        {
            return TicketSerializer.Default.Deserialize(
                ProtectorOf(scheme, key).Unprotect(attribute.Payload.ToArray())
            );
        }
        catch (CryptographicException)
        {
            if (_unreadable.MayWrite(out var count))
            {
                logger.TicketUnreadable(scheme.Name, count);
            }

            return null;
        }
    }

    /// <summary>
    /// The key that the login goes on under since the same person has signed in again.
    /// </summary>
    public static bool TryFindNext(TicketScheme scheme, SessionKey key, SessionRecord record, out TicketKey next)
    {
        next = default;
        if (!record.TryFind(NextName, out var attribute) || !attribute.Exists)
        {
            return false;
        }

        try
        {
            var text = ProtectorOf(scheme, key).Unprotect(attribute.Payload.ToArray());
            return TicketKey.TryParse(System.Text.Encoding.ASCII.GetString(text), out next);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    /// <summary>Stores a login under the key that is derived from the text of its cookie.</summary>
    /// <exception cref="SessionUnavailableException">The store is not responding.</exception>
    public async ValueTask CreateAsync(
        TicketScheme scheme,
        TicketKey key,
        AuthenticationTicket ticket,
        HttpContext request,
        StoreDeadline deadline
    )
    {
        var stored = await StoreAsync(scheme, key.Record, ticket, request, deadline).ConfigureAwait(false);
        if (stored.Outcome != CommitOutcome.Committed)
        {
            throw NotStored(stored);
        }

        RequestRevocations.Find(request)?.Uses(key.Record);
    }

    /// <summary>Whether login cookies go on to hold the whole ticket.</summary>
    public bool AreCookiesWhole => options.Value.WholeLoginCookies;

    /// <summary>Stores a login under a new key.</summary>
    /// <exception cref="SessionUnavailableException">The store is not responding.</exception>
    public async ValueTask<TicketKey> CreateAsync(
        TicketScheme scheme,
        AuthenticationTicket ticket,
        HttpContext? request,
        StoreDeadline deadline
    )
    {
        for (var attempt = 0; attempt < MaxCollisions; attempt++)
        {
            var key = TicketKey.New(random);
            var stored = await StoreAsync(scheme, key.Record, ticket, request, deadline).ConfigureAwait(false);
            if (stored.Outcome == CommitOutcome.Committed)
            {
                RequestRevocations.Find(request)?.Uses(key.Record);
                return key;
            }

            if (stored.Outcome != CommitOutcome.Collision)
            {
                throw NotStored(stored);
            }
        }

        throw NoKey();
    }

    /// <summary>
    /// Stores the ticket of a cookie from before the ticket store. Such a cookie does not say of
    /// which revocations its login knew. So any revocation of its principal that is remembered ends
    /// the login.
    /// </summary>
    public ValueTask<CommitResult> TakeOverAsync(
        TicketScheme scheme,
        SessionKey key,
        AuthenticationTicket ticket,
        HttpContext request,
        StoreDeadline deadline
    ) => StoreAsync(scheme, key, ticket, request, deadline, isOfBefore: true);

    /// <summary>
    /// Replaces the ticket of a login that goes on. A principal is recorded once. Another one is
    /// recorded in addition: the login ends with any of them.
    /// </summary>
    public ValueTask<CommitResult> RenewAsync(
        TicketScheme scheme,
        SessionKey key,
        TicketReading reading,
        AuthenticationTicket ticket,
        HttpContext? request,
        StoreDeadline deadline
    )
    {
        var delta = new SessionDelta();
        var principal = UserPrincipal.Of(ticket.Principal, request, options.Value);
        if (principal is { } someone && !SessionPrincipal.IsIn(reading.Record!, someone))
        {
            var name = SessionPrincipal.IsIn(reading.Record!)
                ? SessionPrincipal.NameOfFurther(someone)
                : SessionPrincipal.Name;
            delta.Set(name, Describe(someone, request));
        }

        Put(delta, scheme, key, ticket);
        return committer.CommitAsync(
            key,
            reading.Record!,
            reading.IsComplete,
            delta,
            options.Value.Durability,
            deadline
        );
    }

    /// <summary>
    /// Ends a login whose browser has a new one. Requests that the same person's browser had sent
    /// by then are served by the new one for a grace; for anybody else it is over at once.
    /// </summary>
    public async ValueTask SucceedAsync(
        TicketScheme scheme,
        SessionKey key,
        TicketKey next,
        AuthenticationTicket ticket,
        HttpContext? request,
        StoreDeadline deadline
    )
    {
        var reading = await FindAsync(key, deadline).ConfigureAwait(false);
        if (
            reading is { Outcome: OpenOutcome.Opened, Record: { } record }
            && UserPrincipal.Of(ticket.Principal, request, options.Value) is { } principal
            && SessionPrincipal.IsIn(record, principal)
        )
        {
            var delta = new SessionDelta();
            delta.Set(NextName, ProtectorOf(scheme, key).Protect(System.Text.Encoding.ASCII.GetBytes(next.Reveal())));
            delta.Set(RecordExpiry.Name, RecordExpiry.ToBytes(time.GetUtcNow() + Grace));
            delta.Remove(TicketName);
            var kept = await committer
                .CommitAsync(key, record, reading.IsComplete, delta, options.Value.Durability, deadline)
                .ConfigureAwait(false);
            if (kept.Outcome != CommitOutcome.Unavailable)
            {
                return;
            }
        }

        await EndAsync(key, deadline).ConfigureAwait(false);
    }

    /// <summary>Ends a login.</summary>
    /// <returns>False: the store is not responding. This node keeps the end and sends it
    /// on.</returns>
    /// <exception cref="SessionUnavailableException">There is no room to keep it.</exception>
    public async ValueTask<bool> EndAsync(SessionKey key, StoreDeadline deadline)
    {
        var ended = await ends.DestroyAsync(key, deadline).ConfigureAwait(false);
        if (ended.Outcome == CommitOutcome.Unavailable)
        {
            throw new SessionUnavailableException(
                $"The login could not be ended: {FailureWords.Of(ended.Failure)}.",
                ended.Failure
            );
        }

        return ended.Outcome != CommitOutcome.EndKept;
    }

    private static SessionUnavailableException NotStored(in CommitResult stored) =>
        stored.Outcome == CommitOutcome.Unavailable ? Unavailable(stored.Failure) : NoKey();

    private static SessionUnavailableException NoKey() =>
        new("The login could not be stored: its key is taken, or has ended.", StoreFailure.Refused);

    private static SessionUnavailableException Unavailable(StoreFailure failure) =>
        new($"The login could not be stored: {FailureWords.Of(failure)}.", failure);

    private static IDataProtector ProtectorOf(TicketScheme scheme, SessionKey key) =>
        scheme.Protection.CreateProtector(Purpose, scheme.Name, key.ToString());

    /// <summary>
    /// Opens the record. A login cookie names no version, so a record that is missing in a store
    /// that was just replaced may still be replayed. While the recovery window has just begun, a
    /// missing record is looked for again. It counts as unavailable when the deadline is reached.
    /// </summary>
    private async ValueTask<TicketReading> OpenAsync(SessionKey key, StoreDeadline deadline)
    {
        while (true)
        {
            // Not to be cancelled with the request: a sign-out from a tab that is closed must find
            // its ticket.
            var opened = await opener
                .OpenAsync(key, SessionVersion.None, deadline, CancellationToken.None)
                .ConfigureAwait(false);
            if (opened.Outcome != OpenOutcome.Missing || !recovery.WindowOf(key).HasJustBegun)
            {
                return new TicketReading(opened.Outcome, opened.Record, opened.IsComplete, opened.Failure);
            }

            if (deadline.Left <= Pause)
            {
                return new TicketReading(OpenOutcome.Unavailable, null, true, StoreFailure.Unknown);
            }

            await Task.Delay(Pause, time, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private ValueTask<CommitResult> StoreAsync(
        TicketScheme scheme,
        SessionKey key,
        AuthenticationTicket ticket,
        HttpContext? request,
        StoreDeadline deadline,
        bool isOfBefore = false
    )
    {
        var delta = new SessionDelta();
        using var builder = SessionRecordBuilder.Rent();
        builder.SetHeader(RecordExpiry.Flag, time.GetUtcNow());
        if (UserPrincipal.Of(ticket.Principal, request, options.Value) is { } principal)
        {
            delta.Set(SessionPrincipal.Name, isOfBefore ? principal.ToBytes() : Describe(principal, request));
        }

        Put(delta, scheme, key, ticket);
        return committer.CreateAsync(key, builder.Build(), delta, options.Value.Durability, deadline);
    }

    private byte[] Describe(PrincipalKey principal, HttpContext? request) =>
        RequestRevocations.Describe(request, revocations, principal, revocations.Heard);

    private void Put(SessionDelta delta, TicketScheme scheme, SessionKey key, AuthenticationTicket ticket)
    {
        var longest = time.GetUtcNow() + options.Value.TicketLife;
        var end = ticket.Properties.ExpiresUtc ?? longest;
        if (end > longest)
        {
            if (_cut.MayWrite(out var count))
            {
                logger.TicketCut(scheme.Name, end - time.GetUtcNow(), options.Value.TicketLife, count);
            }

            end = longest;
        }

        delta.Set(RecordExpiry.Name, RecordExpiry.ToBytes(end));
        delta.Set(TicketName, ProtectorOf(scheme, key).Protect(TicketSerializer.Default.Serialize(ticket)));
    }
}
