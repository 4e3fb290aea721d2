using System.Diagnostics.CodeAnalysis;
using ClusterSession.Records;
using Microsoft.AspNetCore.Http;

namespace ClusterSession.Http;

/// <summary>What the application reads and writes.</summary>
internal sealed partial class RequestSession
{
    /// <summary>
    /// What a ReadOnly endpoint has removed. TempData takes its entry out to look at it and puts
    /// the same bytes back before
    /// the headers leave: no change, if nothing is left here by then.
    /// </summary>
    private List<string>? _removedReadOnly;
    private bool _isEstablished; // a new session in which something was set, even if it was removed again

    public IEnumerable<string> Keys
    {
        get
        {
            Touch();
            var keys = new List<string>();
            foreach (var attribute in Record)
            {
                var name = attribute.Name;
                if (
                    attribute.Exists
                    && !AttributeName.IsReserved(name)
                    && _delta?.TryGet(name, out _) != true
                    && _removedReadOnly?.Contains(name) != true
                )
                {
                    keys.Add(name);
                }
            }

            if (_delta is not null)
            {
                foreach (var (name, value) in _delta.Changes)
                {
                    if (value is not null && !AttributeName.IsReserved(name))
                    {
                        keys.Add(name);
                    }
                }
            }

            return keys;
        }
    }

    /// <summary>The session was opened before the endpoint ran.</summary>
    public Task LoadAsync(CancellationToken cancellationToken = default) =>
        cancellationToken.IsCancellationRequested ? Task.FromCanceled(cancellationToken) : Task.CompletedTask;

    public bool TryGetValue(string key, [NotNullWhen(true)] out byte[]? value)
    {
        ArgumentNullException.ThrowIfNull(key);
        Touch();
        if (AttributeName.IsReserved(key))
        {
            value = null;
            return false;
        }

        if (_delta is not null && _delta.TryGet(key, out value))
        {
            value = value?.AsSpan().ToArray();
            return value is not null;
        }

        value = TryFindStored(key, out var attribute) ? attribute.Payload.ToArray() : null;
        return value is not null;
    }

    [return: MaybeNull]
    public T Get<T>(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        Touch();
        if (AttributeName.IsReserved(key))
        {
            return default;
        }

        if (_delta is not null && _delta.TryGet(key, out var changed))
        {
            return changed is null ? default : _services.Serializer.Deserialize<T>(changed);
        }

        return TryFindStored(key, out var attribute) ? _services.Serializer.Deserialize<T>(attribute.Payload) : default;
    }

    public void Set<T>(string key, T value) => SetOwned(key, _services.Serializer.Serialize(value));

    public void Set(string key, byte[] value)
    {
        ArgumentNullException.ThrowIfNull(value);
        SetOwned(key, value.AsSpan().ToArray());
    }

    public void Remove(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        Touch();
        if (AttributeName.IsReserved(key))
        {
            return;
        }

        if (TryFindStored(key, out _))
        {
            if (_isReadOnly)
            {
                ThrowIfEnded();
                (_removedReadOnly ??= []).Add(key);
            }
            else if (_delta?.TryGet(key, out var changed) != true || changed is not null)
            {
                BeforeChange();
                Delta.Remove(key);
            }
        }
        else if (MayBeBehind && !_isReadOnly)
        {
            BeforeChange();
            Delta.Remove(key);
        }
        else if (_delta?.TryGet(key, out _) == true)
        {
            BeforeChange();
            _delta.Forget(key);
        }
    }

    public void Clear()
    {
        foreach (var key in Keys)
        {
            Remove(key);
        }
    }

    /// <summary>
    /// Whether another node may still bring what this client has seen and the record lacks. Then it
    /// would win over a change that was taken for none: the removal of an attribute that is not
    /// there, or a value that is there already.
    /// </summary>
    private bool MayBeBehind => !IsNew && (IsRegressed || _services.View.MayBeBehind(Key));

    private bool TryFindStored(string key, out SessionAttribute attribute)
    {
        attribute = default;
        return _record is not null
            && _record.TryFind(key, out attribute)
            && attribute.Exists
            && _removedReadOnly?.Contains(key) != true;
    }

    private void ThrowIfReadOnlyRemoved()
    {
        if (_removedReadOnly is [var name, ..])
        {
            _removedReadOnly = null;
            throw ReadOnlyChange($"removes the attribute '{name}'");
        }
    }

    private InvalidOperationException ReadOnlyChange(string what) =>
        new(
            $"The endpoint '{_context.GetEndpoint()?.DisplayName}' has [SessionAccess(SessionConcurrency.ReadOnly)] and {what}. "
                + "Mark it as Merge, or do not change the session there."
        );

    private void SetOwned(string key, byte[] value)
    {
        AttributeName.ThrowIfUnusable(key, _services.Options.MaxAttributeNameBytes);
        Touch();
        var options = _services.Options;
        if (value.Length > options.MaxAttributeBytes)
        {
            throw new ArgumentException(
                $"The attribute has {value.Length:N0} bytes, and ClusterSession:MaxAttributeBytes allows "
                    + $"{options.MaxAttributeBytes:N0}. Store less in the session, or raise the limit.",
                nameof(value)
            );
        }

        _removedReadOnly?.Remove(key);
        var exists = TryFindStored(key, out var attribute);
        if (exists && attribute.Payload.SequenceEqual(value) && !MayBeBehind)
        {
            if (_delta?.TryGet(key, out _) == true)
            {
                BeforeChange();
                _delta.Forget(key);
            }

            return;
        }

        BeforeChange();
        if (
            !exists
            && _delta?.TryGet(key, out _) != true
            && (_record?.AttributeCount ?? 0) + (_delta?.Count ?? 0) >= options.MaxAttributes
            && SessionSize.CountAttributes(_record, _delta) >= options.MaxAttributes
        )
        {
            throw new InvalidOperationException(
                "The session holds as many attributes as ClusterSession:MaxAttributes allows "
                    + $"({options.MaxAttributes:N0}). Remove some, or raise the limit."
            );
        }

        SessionSize.ThrowIfTooLarge(options.MaxSessionBytes, _record, _delta, key, value);
        Delta.Set(key, value);
        _isEstablished = true;
    }

    private void Touch()
    {
        IsTouched = true;
        JudgeOnce(); // The user may have become known since the session was opened, or touched by a middleware.
    }

    /// <summary>Refuses a change that could not be kept. Asked only where something really changes.</summary>
    private void BeforeChange()
    {
        ThrowIfEnded();
        if (_isReadOnly)
        {
            throw ReadOnlyChange("changes the session");
        }

        if (IsNew && IsAvailable && !HasChanges && HaveHeadersLeft)
        {
            throw new InvalidOperationException(
                "A session cannot begin after the response headers have left: the client would not learn its id. "
                    + "Change the session before writing the response."
            );
        }

        IsChanged = true;
        if (IsAvailable)
        {
            Response.Arm(_bodyAtRun);
        }
    }

    private void ThrowIfEnded()
    {
        if (_isCompleted || (!IsRunning && HaveHeadersLeft))
        {
            throw new InvalidOperationException(
                "The request of this session has ended. Change the session before the request ends; "
                    + "work that goes on after it has no session."
            );
        }
    }
}
